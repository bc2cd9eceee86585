"""A provider says of which amounts it has a number, so that none is asked for that it cannot be asked for."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import DomainError
from domain.money.currencies import DECIMALS
from domain.money.money import AMOUNT_MINOR_MAX, Money
from domain.payment.method import MethodType, PaymentMethod
from domain.routing.capabilities import Capabilities
from infrastructure.provider.aps import translate as aps
from infrastructure.provider.checkout import amounts as checkout_amounts
from infrastructure.provider.checkout import translate as checkout
from infrastructure.provider.minor_units import NotRepresentable
from infrastructure.provider.simulator import translate as simulator
from infrastructure.provider.stripe import amounts as stripe_amounts
from infrastructure.provider.stripe import translate as stripe

CARD = PaymentMethod(MethodType.CARD, "tok_visa")
Sent = Callable[[Money], object]
CONNECTORS: dict[str, tuple[Capabilities, Sent]] = {
    "stripe": (stripe.CAPABILITIES, stripe_amounts.sent),
    "checkout": (checkout.CAPABILITIES, checkout_amounts.sent),
    "aps": (aps.CAPABILITIES, aps._amount),
    "simulator": (simulator.CAPABILITIES, simulator.MINOR_UNITS.sent),
}


@pytest.mark.parametrize("name", CONNECTORS)
@given(currency=st.sampled_from(sorted(DECIMALS)), minor=st.integers(1, 10**5) | st.integers(1, AMOUNT_MINOR_MAX))
def test_a_payment_is_routed_to_whom_can_count_it_and_to_nobody_else(name: str, currency: str, minor: int) -> None:
    capabilities, sent = CONNECTORS[name]
    amount = Money(minor, currency)
    try:
        sent(amount)
    except NotRepresentable:
        assert capabilities.lacking(amount, CARD) is not None
    else:
        assert capabilities.lacking(amount, CARD) is None


def test_kuwaiti_dinars_with_a_third_decimal_are_not_for_stripe() -> None:
    uncountable = Money(18_605, "KWD")
    assert stripe.CAPABILITIES.lacking(uncountable, CARD) == "cannot count 18.605 KWD"
    assert stripe.CAPABILITIES.lacking(Money(18_600, "KWD"), CARD) is None
    assert simulator.CAPABILITIES.lacking(uncountable, CARD) is None
    with pytest.raises(DomainError) as refusal:
        stripe.CAPABILITIES.require_countable(uncountable)
    assert (refusal.value.step_minor, refusal.value.amount) == (10, uncountable)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", CONNECTORS)
@given(currency=st.sampled_from(sorted(DECIMALS)), parts=st.lists(st.integers(1, 10**4), min_size=2, max_size=5))
def test_what_is_left_of_countable_amounts_is_countable(name: str, currency: str, parts: list[int]) -> None:
    """So the rest of a charge can always be captured, and given back, whole."""
    capabilities, _ = CONNECTORS[name]
    countable = [part for part in parts if capabilities.counts(Money(part, currency))]
    if countable:
        assert capabilities.counts(Money(sum(countable), currency))


def test_steps_are_those_of_the_providers_documentation() -> None:
    thousandths = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}
    assert {code for code, step in stripe.CAPABILITIES.steps_minor.items() if step == 10} == thousandths
    assert stripe.CAPABILITIES.steps_minor["MGA"] == 100
    assert set(checkout.CAPABILITIES.steps_minor) == thousandths
    assert all(Decimal(step).log10() % 1 == 0 for step in stripe.CAPABILITIES.steps_minor.values())
