"""Converted is by the rates of the first source agreed on that has one which is not too old."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from domain.fx.events import FxRatesPublished
from domain.fx.rates import fold
from tests.support.domain import BASIS

FRIDAY = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def published(source: str, number: int, as_of: datetime) -> FxRatesPublished:
    return FxRatesPublished(
        number=number, source=source, as_of=as_of, base="EUR", rates={"USD": "1.08"}, document_sha256=f"{number:064d}"
    )


RATES = fold([published("operator", 1, FRIDAY), published("ecb", 2, FRIDAY + timedelta(hours=24))])
CONVERSION = replace(BASIS.terms.conversion, sources=("operator", "ecb"), stale_after_hours=48)
AGREED = replace(BASIS, rates=RATES, terms=replace(BASIS.terms, conversion=CONVERSION))


def source_at(hours: int) -> str:
    return AGREED.quote("USD", "EUR", FRIDAY + timedelta(hours=hours)).rates


def test_the_first_source_is_asked_first_although_another_has_newer_rates() -> None:
    assert source_at(48) == "operator:1"


def test_where_its_rates_are_too_old_the_next_is_asked() -> None:
    assert source_at(49) == "ecb:2"
    AGREED.require_fresh("USD", "EUR", FRIDAY + timedelta(hours=72))


def test_where_all_are_too_old_the_newest_are_those_for_what_has_happened() -> None:
    assert source_at(1_000) == "ecb:2"
