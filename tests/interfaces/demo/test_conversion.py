"""What was settled for a payment in dollars is what the rates and the mark-up make of it, and nothing near it."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from domain.fx.rates import Quote
from domain.money.money import Money
from interfaces.demo.conversion import is_settled_by

QUOTE = Quote(
    from_currency="USD", to_currency="EUR", text="0.92", rates="ecb:1", as_of=datetime(2026, 11, 20, tzinfo=UTC)
)


def test_a_hundred_dollars_at_ninety_two_cents_less_one_per_cent() -> None:
    assert is_settled_by(QUOTE, Money(100_00, "USD"), Money(91_08, "EUR"))


@given(st.integers(1, 10**9), st.integers(-3, 3).filter(bool))
def test_a_minor_unit_more_or_less_is_found(minor: int, off: int) -> None:
    settled = Money(minor * 9108 // 10_000, "EUR")
    assert is_settled_by(QUOTE, Money(minor, "USD"), settled)
    assert not is_settled_by(QUOTE, Money(minor, "USD"), settled + Money(off, "EUR"))


def test_dollars_are_not_taken_for_euros() -> None:
    assert not is_settled_by(QUOTE, Money(100_00, "USD"), Money(91_08, "USD"))
