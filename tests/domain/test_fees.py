"""A fee is never negative, never more than what it is taken from, and its policy names itself."""

from hypothesis import given

from domain.fees import FlatFee
from domain.money import Money, Rounding, zero
from tests.support.domain import FEES, amounts, eur, fee_policies, jpy


@given(fee_policies, amounts())
def test_a_fee_is_between_nothing_and_the_captured_amount(fees: FlatFee, amount: Money) -> None:
    assert zero(amount.currency) <= fees.fee_on(amount) <= amount


@given(fee_policies, amounts("EUR"), amounts("EUR"))
def test_a_larger_capture_never_costs_less(fees: FlatFee, one: Money, other: Money) -> None:
    assert fees.fee_on(min(one, other)) <= fees.fee_on(max(one, other))


def test_a_flat_fee_is_a_percentage_and_a_fixed_sum() -> None:
    assert FEES.fee_on(eur("100.00")) == eur("3.20")


def test_a_capture_smaller_than_the_fixed_sum_costs_no_more_than_itself() -> None:
    assert FEES.fee_on(eur("0.20")) == eur("0.20")


def test_a_fraction_of_a_minor_unit_is_rounded_as_the_policy_says() -> None:
    def fee(rounding: Rounding) -> Money:
        return FlatFee(version="v", basis_points=250, fixed_minor=0, rounding=rounding).fee_on(jpy("100"))

    assert [fee(rounding) for rounding in Rounding] == [jpy("2"), jpy("3"), jpy("2")]
