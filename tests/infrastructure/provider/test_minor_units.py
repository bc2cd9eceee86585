"""Amounts cross to a provider and back without a rounding: what does not fit its units is refused."""

import pytest
from hypothesis import given

from domain.money.money import Money
from infrastructure.provider.minor_units import MinorUnits, NotRepresentable
from tests.support.domain import signed_amounts

UNITS = MinorUnits({"MGA": 0, "CLP": 2, "KWD": 2})


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Money(1_234, "EUR"), 1_234),
        (Money(1_200, "MGA"), 12),
        (Money(12, "CLP"), 1_200),
        (Money(1_230, "KWD"), 123),
        (Money(7, "JPY"), 7),
    ],
)
def test_an_amount_in_the_providers_units(ours: Money, theirs: int) -> None:
    assert UNITS.sent(ours) == theirs
    assert UNITS.received(theirs, ours.currency) == ours


@given(signed_amounts())
def test_what_can_be_sent_comes_back_as_it_was(amount: Money) -> None:
    try:
        sent = UNITS.sent(amount)
    except NotRepresentable:
        assert amount.currency in ("MGA", "KWD")
    else:
        assert UNITS.received(sent, amount.currency) == amount


def test_a_fraction_of_the_providers_unit_is_refused_and_not_rounded() -> None:
    with pytest.raises(NotRepresentable):
        UNITS.sent(Money(1_234, "KWD"))
    with pytest.raises(NotRepresentable):
        UNITS.received(1_250, "CLP")
