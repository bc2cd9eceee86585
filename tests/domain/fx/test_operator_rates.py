"""An operator's own rates are read strictly: what is wrong is refused with the line at fault."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.document.strict_document import DOCUMENT_CHARACTERS_MAX
from domain.fx.operator_rates import read_operator_rates
from domain.fx.rates_file import RatesInvalid, sha256_of
from tests.support.rates import OPERATOR_TEXT


def refused(text: str) -> RatesInvalid:
    with pytest.raises(RatesInvalid) as refusal:
        read_operator_rates(text)
    return refusal.value


def test_rates_say_what_they_say() -> None:
    publication = read_operator_rates(OPERATOR_TEXT)
    assert (publication.source, publication.base) == ("operator", "EUR")
    assert publication.as_of == datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
    assert publication.as_of.tzinfo is UTC
    assert publication.rates == {"AED": "3.98", "USD": "1.0842"}
    assert publication.document_sha256 == sha256_of(OPERATOR_TEXT)


@pytest.mark.parametrize(
    ("was", "is_", "line", "says"),
    [
        ('"operator"', '"ecb"', 2, "the source has to be “operator”"),
        ('"source"', '"sauce"', 2, "“sauce” is not expected"),
        ('  "source": "operator",\n', "", 1, "“source” is missing"),
        ("+01:00", "", 3, "has to be an RFC 3339 time with an offset"),
        ('"2026-11-20T18:30:00+01:00"', "1764000000", 3, "has to be an RFC 3339 time"),
        ("2026-11-20T18:30:00", "0001-01-01T00:00:00", 3, "has to be an RFC 3339 time"),
        ('"base": "EUR"', '"base": "USD"', 6, "USD is the base: it has no rate"),
        ('"base": "EUR"', '"base": "XXX"', 4, "“XXX” is no ISO 4217 currency"),
        ('"base": "EUR"', '"base": ["EUR"]', 4, "is no ISO 4217 currency"),
        ('"USD": "1.0842"', '"BGX": "1.0842"', 6, "“BGX” is no ISO 4217 currency"),
        ('"AED": "3.98"', '"AED": 3.98', 7, "the rate of AED has to be a text"),
        ('"AED": "3.98"', '"AED": "0"', 7, "the rate of AED has to be a decimal number above 0"),
        ('"AED": "3.98"', '"AED": "-3.98"', 7, "has to be a decimal number above 0"),
        ('"AED": "3.98"', '"AED": "3,98"', 7, "has to be a decimal number above 0"),
        ('"AED": "3.98"', '"AED": "3.98000000000000000001"', 7, "of at most 18 digits"),
        ('"AED"', '"USD"', 7, "“USD” stands here for the second time"),
        ('"rates": {', '"rates": {}, "others": {', 5, "“others” is not expected"),
        ('"1.0842",', '"1.0842"', 7, "this is not JSON: expecting ',' delimiter"),
    ],
)
def test_a_mistake_is_refused_with_its_line(was: str, is_: str, line: int, says: str) -> None:
    assert was in OPERATOR_TEXT
    refusal = refused(OPERATOR_TEXT.replace(was, is_, 1))
    assert says in refusal.reason
    assert refusal.line == line, refusal


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "[]", "{}", "[" * 60_000, "{" * 60_000, '{"a":' * 900 + "1" + "}" * 900, "[" * 900 + "]" * 900),
        *("1" * 5_000, "\ufeff{}", "\ud800", "x" * (DOCUMENT_CHARACTERS_MAX + 1)),
    ],
    ids=lambda text: repr(text)[:20],
)
def test_what_are_no_rates_at_all_is_refused(text: str) -> None:
    assert refused(text).line == 1


def test_no_rates_are_no_set() -> None:
    empty = OPERATOR_TEXT[: OPERATOR_TEXT.index('"rates"')] + '"rates": {}}'
    assert str(refused(empty)) == "line 5: there are no rates"


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    assert refused(text).line >= 1
