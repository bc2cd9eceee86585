"""A fee that rounds to nothing on captures small enough is told, so that a plan can name a minimum."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money.money import Money
from domain.payment.method import MethodType
from domain.terms.documents.fees import read_fee_plan
from domain.terms.fee_plan import FeePlan, processing_fee
from domain.terms.free_captures import FreeCaptures, free_captures
from domain.terms.terms import DEFAULT_TERMS
from tests.support.terms import FEES_TEXT, plans


def plan(default: str) -> FeePlan:
    return read_fee_plan(f'{{"name": "small", "default": {default}}}', 1)


def told(default: str, currency: str) -> list[Money]:
    return [each for free in free_captures(plan(default)) for each in free.up_to if each.currency == currency]


def test_the_largest_capture_that_costs_nothing_is_named() -> None:
    """2.9 % of 17 cents are 0.493 of one."""
    assert told('{"blended": {"basis_points": 290}}', "EUR") == [Money(17, "EUR")]


@pytest.mark.parametrize(
    "default",
    [
        '{"blended": {"basis_points": 290, "minimum_minor": {"*": 1}}}',
        '{"blended": {"basis_points": 290, "fixed_minor": {"*": 30}}}',
        '{"interchange_plus": {"interchange_basis_points": 20, "scheme_basis_points": 5, "markup_basis_points": 10,'
        ' "minimum_minor": {"*": 1}}}',
    ],
)
def test_a_minimum_or_a_fixed_sum_charges_the_smallest(default: str) -> None:
    assert list(free_captures(plan(default))) == []


def test_what_is_meant_to_cost_nothing_is_no_news() -> None:
    assert list(free_captures(plan('{"blended": {"basis_points": 0}}'))) == []


def test_the_default_terms_charge_everything() -> None:
    assert list(free_captures(DEFAULT_TERMS.fees)) == []


def test_only_the_currencies_that_have_such_captures_are_named() -> None:
    [free] = free_captures(read_fee_plan(FEES_TEXT, 1))
    assert free.rule == "default"
    assert not {"EUR", "USD"} & {each.currency for each in free.up_to}
    assert {"JPY", "KWD", "CHF"} <= {each.currency for each in free.up_to}


def test_a_warning_says_what_to_do() -> None:
    assert str(FreeCaptures("upi", (Money(55, "INR"),))) == (
        "by “upi” the fee of small captures rounds to nothing: of up to 0.55 INR. "
        "A “minimum_minor” of 1 or more charges them."
    )


@given(plans, st.sampled_from(["EUR", "JPY", "KWD"]))
def test_no_capture_that_is_not_told_rounds_to_nothing(plan: FeePlan, currency: str) -> None:
    """However a merchant divides an amount: the parts of a plan without a warning each cost something."""

    def fee_of(minor: int) -> int:
        return processing_fee(plan, Money(minor, currency), MethodType.CARD, None).amount.minor

    [largest] = [each.minor for free in free_captures(plan) for each in free.up_to if each.currency == currency] or [0]
    assert fee_of(largest + 1) > 0 or fee_of(2**53) == 0
    assert largest == 0 or fee_of(largest) == 0
