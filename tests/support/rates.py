"""Rates for tests, in the forms in which they are published. Every value is invented; only the forms are the ECB's."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from domain.fx.ecb import as_of
from domain.fx.publish import ECB, Publication, publish
from domain.fx.rates import Rates, fold

FRIDAY, THURSDAY = date(2026, 11, 20), date(2026, 11, 19)
FRIDAY_RATES = {"USD": "1.0850", "JPY": "163.80", "GBP": "0.84120", "KWD": "0.33275", "CLF": "0.02612"}
THURSDAY_RATES = {"USD": "1.0791", "JPY": "164.02", "GBP": "0.84005"}
LATER = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
"""The Saturday after: both days have been published."""

XML_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" \
xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
\t<gesmes:subject>Reference rates</gesmes:subject>
\t<gesmes:Sender>
\t\t<gesmes:name>European Central Bank</gesmes:name>
\t</gesmes:Sender>
\t<Cube>
"""


def ecb_xml(days: Mapping[date, Mapping[str, str]]) -> str:
    """As eurofxref-daily.xml, and with several days as eurofxref-hist-90d.xml. The first day is on line 8."""
    cubes = "".join(
        f"\t\t<Cube time='{day}'>\n"
        + "".join(f"\t\t\t<Cube currency='{currency}' rate='{text}'/>\n" for currency, text in rates.items())
        + "\t\t</Cube>\n"
        for day, rates in days.items()
    )
    return f"{XML_HEAD}{cubes}\t</Cube>\n</gesmes:Envelope>"


def ecb_hist_csv(days: Mapping[date, Mapping[str, str]]) -> str:
    """As eurofxref-hist.csv: a currency that a day does not have is N/A in it."""
    currencies = list(dict.fromkeys(currency for rates in days.values() for currency in rates))
    rows = [["Date", *currencies]]
    rows += [[str(day), *(rates.get(currency, "N/A") for currency in currencies)] for day, rates in days.items()]
    return "".join(",".join(row) + ",\n" for row in rows)


BOTH_DAYS = {FRIDAY: FRIDAY_RATES, THURSDAY: THURSDAY_RATES}
DAILY_XML, HIST_XML = ecb_xml({FRIDAY: FRIDAY_RATES}), ecb_xml(BOTH_DAYS)
DAILY_CSV = "Date, USD, JPY, GBP, KWD, CLF, \n20 November 2026, 1.0850, 163.80, 0.84120, 0.33275, 0.02612, \n"
HIST_CSV = ecb_hist_csv(BOTH_DAYS)
OPERATOR_TEXT = """{
  "source": "operator",
  "as_of": "2026-11-20T18:30:00+01:00",
  "base": "EUR",
  "rates": {
    "USD": "1.0842",
    "AED": "3.98"
  }
}
"""


def publication(
    rates: Mapping[str, str],
    *,
    source: str = ECB,
    moment: datetime | None = None,
    base: str = "EUR",
    document: str = "a file",
) -> Publication:
    """By default as the ECB publishes them on FRIDAY."""
    return Publication(source=source, as_of=moment or as_of(FRIDAY), base=base, rates=rates, document_sha256=document)


def known(*publications: Publication) -> Rates:
    """All of them, published in this order."""
    return fold(publish(Rates(), publications, now=LATER))
