"""The euro reference rates as the European Central Bank publishes them: XML or CSV, of one day or of many.

Each day's rates are of 16:00 in Frankfurt: they "are usually updated around 16:00 CET on every working day, except on
TARGET closing days" (https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates/, which
has the files, too: eurofxref-daily.xml, eurofxref-hist-90d.xml, eurofxref-hist.xml, and eurofxref.csv and
eurofxref-hist.csv in archives). Currencies that ISO 4217 has no more are left out.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from domain.fx.ecb_csv import read_csv
from domain.fx.ecb_day import Day
from domain.fx.ecb_xml import read_xml
from domain.fx.publish import ECB, Publication
from domain.fx.rate_text import RateUnusable, exact
from domain.fx.rates_file import RatesInvalid, sha256_of
from domain.money.currencies import DECIMALS

CHARACTERS_MAX: Final = 32_000_000
"""The whole history since 1999 has less than ten million as XML, the longer of the forms."""

BASE: Final = "EUR"
PUBLISHED_AT: Final = time(16)
ZONE: Final = "Europe/Berlin"
"""The zone of Frankfurt's time, which the ECB calls CET in summer too."""


class EcbFile(Struct, frozen=True):
    """The oldest day first; `ignored` are the currencies that ISO 4217 does not know, and on how many days."""

    publications: tuple[Publication, ...]
    ignored: Mapping[str, int]


def as_of(day: date) -> datetime:
    """The time at which the rates of `day` are published, in UTC."""
    return datetime.combine(day, PUBLISHED_AT, ZoneInfo(ZONE)).astimezone(UTC)


def read_ecb(text: str) -> EcbFile:
    """Every day of rates in `text`. Raises RatesInvalid."""
    if len(text) > CHARACTERS_MAX:
        raise RatesInvalid(line=1, reason=f"a file of rates has at most {CHARACTERS_MAX:,} characters")
    text_sha256 = sha256_of(text)
    days = read_xml(text) if text.lstrip("\ufeff \t\r\n").startswith("<") else read_csv(text)
    if not days:
        raise RatesInvalid(line=1, reason="there are no rates in it")
    ignored: dict[str, int] = {}
    published: dict[date, Publication] = {}
    for day in days:
        if day.date in published:
            raise RatesInvalid(line=day.line, reason=f"{day.date} stands here for the second time")
        rates = _rates_of(day, ignored)
        published[day.date] = Publication(
            source=ECB, as_of=as_of(day.date), base=BASE, rates=rates, document_sha256=text_sha256
        )
    return EcbFile(tuple([published[day] for day in sorted(published)]), ignored)


def _rates_of(day: Day, ignored: dict[str, int]) -> dict[str, str]:
    rates = {}
    for written in day.rates:
        if written.currency == BASE or written.currency in rates:
            reason = f"{written.currency} is not expected here, or not a second time"
            raise RatesInvalid(line=written.line, reason=reason)
        if written.currency not in DECIMALS:
            ignored[written.currency] = ignored.get(written.currency, 0) + 1
            continue
        try:
            exact(written.currency, written.text)
        except RateUnusable:
            reason = f"“{written.text[:40]}” is no rate of {written.currency}"
            raise RatesInvalid(line=written.line, reason=reason) from None
        rates[written.currency] = written.text
    if not rates:
        raise RatesInvalid(line=day.line, reason=f"{day.date} has no rates")
    return dict(sorted(rates.items()))
