"""The ECB's files are read in all their forms, and what is wrong with one is told with its line."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.fx import ecb
from domain.fx.ecb import as_of, read_ecb
from domain.fx.publish import Publication
from domain.fx.rates_file import RatesInvalid
from tests.support.rates import (
    BOTH_DAYS,
    DAILY_CSV,
    DAILY_XML,
    FRIDAY,
    FRIDAY_RATES,
    HIST_CSV,
    HIST_XML,
    THURSDAY,
    THURSDAY_RATES,
    XML_HEAD,
    ecb_hist_csv,
    ecb_xml,
)

CUBE = "<Cube currency='USD' rate='1.0850'/>"
ENTITIES = """<?xml version="1.0"?>
<!DOCTYPE e [<!ENTITY a "aaaaaaaaaa"> <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<e>&c;</e>"""


def refused(text: str) -> RatesInvalid:
    with pytest.raises(RatesInvalid) as refusal:
        read_ecb(text)
    return refusal.value


def said(publications: tuple[Publication, ...]) -> list[tuple[datetime, dict[str, str]]]:
    return [(each.as_of, dict(each.rates)) for each in publications]


@pytest.mark.parametrize("text", [DAILY_XML, DAILY_CSV, DAILY_CSV.replace("\n", "\r\n"), "\ufeff" + DAILY_CSV])
def test_a_day_is_read(text: str) -> None:
    file = read_ecb(text)
    assert said(file.publications) == [(as_of(FRIDAY), FRIDAY_RATES)]
    assert {(each.source, each.base) for each in file.publications} == {("ecb", "EUR")}
    assert file.ignored == {}


@pytest.mark.parametrize(
    "text", [HIST_XML, HIST_CSV, HIST_CSV.replace(",\n", "\n"), "\n" + HIST_CSV.replace("N/A", "")]
)
def test_many_days_are_read_the_oldest_first(text: str) -> None:
    assert said(read_ecb(text).publications) == [(as_of(THURSDAY), THURSDAY_RATES), (as_of(FRIDAY), FRIDAY_RATES)]


def test_all_days_of_a_file_have_its_checksum() -> None:
    (one, other), (third,) = read_ecb(HIST_XML).publications, read_ecb(DAILY_XML).publications
    assert one.document_sha256 == other.document_sha256 != third.document_sha256
    assert len(one.document_sha256) == 64


@pytest.mark.parametrize(
    ("day", "moment"),
    [
        (date(2026, 1, 15), datetime(2026, 1, 15, 15, tzinfo=UTC)),
        (date(2026, 7, 15), datetime(2026, 7, 15, 14, tzinfo=UTC)),
    ],
)
def test_rates_are_of_four_in_the_afternoon_in_frankfurt(day: date, moment: datetime) -> None:
    assert as_of(day) == moment


@pytest.mark.parametrize("write", [ecb_xml, ecb_hist_csv])
def test_a_currency_that_is_none_any_more_is_left_out_and_counted(
    write: Callable[[Mapping[date, Mapping[str, str]]], str],
) -> None:
    text = write({day: {"ROL": "36000", **rates, "SIT": "239.6"} for day, rates in BOTH_DAYS.items()})
    file = read_ecb(text)
    assert said(file.publications) == said(read_ecb(HIST_XML).publications)
    assert file.ignored == {"ROL": 2, "SIT": 2}


@pytest.mark.parametrize(
    ("was", "is_", "line", "says"),
    [
        ("gesmes:Envelope", "gesmes:Letter", 2, "expected the ECB's envelope"),
        ("http://www.gesmes.org/xml/2002-08-01", "http://example.com/", 2, "expected the ECB's envelope"),
        ("http://www.ecb.int/vocabulary/2002-08-01/eurofxref", "http://example.com/", 1, "there are no rates"),
        ("2026-11-20", "2026-11-31", 8, "“2026-11-31” is no day"),
        ("2026-11-20", "yesterday", 8, "“yesterday” is no day"),
        ("time=", "when=", 8, "expected a Cube of days"),
        (CUBE, "<Cube currency='USD'/>", 9, "expected a Cube of days"),
        (CUBE, "<Cube currency='USD' rate='1' multiplier='100'/>", 9, "expected a Cube of days"),
        (CUBE, f"<Cube>{CUBE}</Cube>", 9, "expected a Cube of days"),
        (CUBE, f"<p>{CUBE}</p>", 9, "a Cube lies in the envelope, or in another Cube"),
        (CUBE, CUBE.replace("USD", "US"), 9, "“US” is no code of a currency"),
        (CUBE, CUBE.replace("USD", "usd"), 9, "“usd” is no code of a currency"),
        (CUBE, CUBE.replace("USD", "EUR"), 9, "EUR is not expected here"),
        (CUBE, CUBE + CUBE, 9, "USD is not expected here, or not a second time"),
        (CUBE, CUBE.replace("1.0850", "0"), 9, "“0” is no rate of USD"),
        (CUBE, CUBE.replace("1.0850", "1,0850"), 9, "“1,0850” is no rate of USD"),
        (CUBE, CUBE.replace("1.0850", "1e3"), 9, "“1e3” is no rate of USD"),
        (CUBE, CUBE[:-2], 10, "this is not XML"),
        (CUBE, "&lol;", 9, "this is not XML"),
        ("</gesmes:Envelope>", "", 16, "this is not XML"),
    ],
)
def test_a_mistake_in_xml_is_refused_with_its_line(was: str, is_: str, line: int, says: str) -> None:
    assert was in DAILY_XML
    refusal = refused(DAILY_XML.replace(was, is_))
    assert says in refusal.reason
    assert refusal.line == line, refusal


@pytest.mark.parametrize(
    ("was", "is_", "line", "says"),
    [
        ("Date", "Day", 1, "whose first column is “Date”"),
        ("JPY", "USD", 1, "USD has two columns"),
        ("JPY", "Yen", 1, "“Yen” is no code of a currency"),
        ("2026-11-19", "2026-11-20", 3, "2026-11-20 stands here for the second time"),
        ("2026-11-19", "19.11.2026", 3, "“19.11.2026” is no day"),
        ("2026-11-19", "19 Smarch 2026", 3, "is no day"),
        ("164.02", "164.02,1", 3, "expected 6 columns, got 7"),
        ("164.02,", "", 3, "expected 6 columns, got 5"),
        ("164.02", "n/a", 3, "“n/a” is no rate of JPY"),
        ("1.0791,164.02,0.84005", "N/A,N/A,N/A", 3, "2026-11-19 has no rates"),
    ],
)
def test_a_mistake_in_csv_is_refused_with_its_line(was: str, is_: str, line: int, says: str) -> None:
    assert was in HIST_CSV
    refusal = refused(HIST_CSV.replace(was, is_))
    assert says in refusal.reason
    assert refusal.line == line, refusal


@pytest.mark.parametrize(
    "text", ["", "\n\n", "{}", "Date,USD,\n", f"{XML_HEAD}</Cube></gesmes:Envelope>", "\0", "\ud800"]
)
def test_what_holds_no_rates_is_refused(text: str) -> None:
    assert refused(text).line >= 1


def test_no_entity_is_ever_expanded() -> None:
    assert str(refused(ENTITIES)) == "line 2: a document type is not read, nor are entities"
    external = DAILY_XML.replace("<gesmes:E", "<!DOCTYPE e SYSTEM 'file:///etc/hostname'>\n<gesmes:E", 1)
    assert "document type" in refused(external).reason


def test_xml_that_no_text_can_be_is_refused() -> None:
    assert str(refused(XML_HEAD + "\ud800")) == "line 8: this is not UTF-8"


def test_however_deep_it_lies_it_is_refused() -> None:
    assert refused(XML_HEAD + "<Cube time='2026-11-20'>" * 100_000).line == 8


def test_an_enormous_file_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ecb, "CHARACTERS_MAX", 10)
    assert "at most 10 characters" in refused(DAILY_CSV).reason


@given(st.text() | st.text().map(lambda text: "Date,USD\n" + text) | st.text().map(lambda text: XML_HEAD + text))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert refused(text).line >= 1
