"""A fee is between nothing and the amount, and rounded once."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.money.money import Money, Rounding
from domain.payment.method import MethodType, PaymentMethod
from domain.terms.amounts import in_currency
from domain.terms.documents.fees import read_fee_plan
from domain.terms.fee import Fee, FeeKind
from domain.terms.fee_plan import (
    Blended,
    FeeNotAgreed,
    FeePlan,
    InterchangePlus,
    OtherPlan,
    dispute_fee,
    processing_fee,
    refund_fee,
    true_up,
)
from domain.terms.terms import DEFAULT_TERMS
from tests.support.terms import FEES_TEXT, amounts, countries, interchange_plus, method, plan_of, plans

STANDARD = read_fee_plan(FEES_TEXT, 3)
CARD, GERMAN, FRENCH, UPI = method(), method(country="DE"), method(country="FR"), method(MethodType.UPI_COLLECT)


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def charge(plan: FeePlan, amount: Money, by: PaymentMethod = CARD) -> Fee:
    """Of a method that was issued where it says."""
    return processing_fee(plan, amount, by.type, by.country)


def fee_on(plan: FeePlan, amount: Money) -> Money:
    return charge(plan, amount).amount


@given(plans, amounts)
def test_a_fee_is_between_nothing_and_the_amount(plan: FeePlan, amount: Money) -> None:
    assert 0 <= fee_on(plan, amount).minor <= amount.minor


@given(plans, amounts, st.integers(0, 10**6))
def test_a_larger_payment_never_costs_less(plan: FeePlan, amount: Money, more: int) -> None:
    assert fee_on(plan, amount) <= fee_on(plan, amount + Money(more, amount.currency))


@given(amounts)
def test_the_default_plan_charges_2_9_percent_and_30_and_never_more_than_the_amount(amount: Money) -> None:
    share = amount.portion(basis_points=290, rounding=Rounding.HALF_EVEN)
    expected = min(share + Money(30, amount.currency), amount)
    fee = charge(DEFAULT_TERMS.fees, amount, CARD)
    assert fee == Fee(kind=FeeKind.PROCESSING, amount=expected, plan="default:0", rule="default")


@given(plan=interchange_plus.map(plan_of), amount=amounts, actual=st.integers(0, 10**9))
def test_what_was_charged_and_trued_up_is_the_fee_on_the_actual_cost(plan: FeePlan, amount: Money, actual: int) -> None:
    charged = charge(plan, amount, CARD)
    more = true_up(plan, charged, amount, Fraction(actual))
    assert isinstance(plan.default, InterchangePlus)
    fixed = in_currency(plan.default.markup_fixed_minor, amount.currency) or 0
    cost_and_markup = Blended(
        basis_points=plan.default.markup_basis_points, fixed_minor={amount.currency: fixed + actual}
    )
    assert charged.amount + more == fee_on(plan_of(cost_and_markup), amount)


def test_each_payment_is_charged_by_the_rule_that_is_for_it() -> None:
    def charged(amount: Money, by: str | None, type_: MethodType = MethodType.CARD) -> tuple[str, int, bool]:
        fee = charge(STANDARD, amount, method(type_, by))
        assert fee.plan == "standard:3"
        return fee.rule, fee.amount.minor, fee.estimate

    assert charged(eur(10_000), "DE") == ("eu-cards", 104, True)
    assert charged(eur(10_000), "FR") == ("eu-cards", 104, True)
    assert charged(eur(10_000), "US") == ("default", 320, False)
    assert charged(eur(10_000), None) == ("default", 320, False)
    assert charged(eur(10_000), "DE", MethodType.WALLET) == ("default", 320, False)
    assert charged(Money(10_000, "USD"), "DE") == ("default", 325, False)
    assert charged(Money(10_000, "JPY"), "JP") == ("default", 290, False)


@pytest.mark.parametrize(("minor", "fee"), [(50, 50), (1_000, 100), (100_000, 900), (10_000_000, 5_000)])
def test_a_blended_fee_has_a_minimum_and_a_maximum(minor: int, fee: int) -> None:
    assert charge(STANDARD, Money(minor, "INR"), UPI).amount == Money(fee, "INR")


def test_a_fee_is_rounded_once() -> None:
    # 0.4 + 0.4 + 0.4 of a cent are one cent, of which each part alone would be nothing.
    price = InterchangePlus(interchange_basis_points=40, scheme_basis_points=40, markup_basis_points=40)
    assert fee_on(plan_of(price), eur(100)) == eur(1)
    # 1.5 and 2.5 are both two, by the even neighbour of the whole fee.
    fees = [Blended(basis_points=50, fixed_minor={"*": fixed}) for fixed in (1, 2)]
    assert [fee_on(plan_of(each), eur(100)).minor for each in fees] == [2, 2]
    assert [fee_on(plan_of(each, Rounding.HALF_UP), eur(100)).minor for each in fees] == [2, 3]
    assert [fee_on(plan_of(each, Rounding.DOWN), eur(100)).minor for each in fees] == [1, 2]


def test_a_true_up_has_the_sign_of_what_is_owed() -> None:
    charged = charge(STANDARD, eur(10_000), FRENCH)
    assert true_up(STANDARD, charged, eur(10_000), Fraction(44)) == eur(0)
    assert true_up(STANDARD, charged, eur(10_000), Fraction(61)) == eur(17)
    assert true_up(STANDARD, charged, eur(10_000), Fraction(20)) == eur(-24)


def test_a_blended_fee_is_not_trued_up() -> None:
    charged = charge(STANDARD, eur(10_000), CARD)
    assert true_up(STANDARD, charged, eur(10_000), Fraction(9_000)) == eur(0)


def test_a_fee_is_trued_up_by_its_own_plan_and_rule_only() -> None:
    charged = charge(STANDARD, eur(10_000), FRENCH)
    with pytest.raises(OtherPlan):
        true_up(read_fee_plan(FEES_TEXT, 4), charged, eur(10_000), Fraction(50))
    with pytest.raises(OtherPlan):
        true_up(STANDARD, replace(charged, rule="gone"), eur(10_000), Fraction(50))


def test_refunds_and_disputes_cost_what_is_agreed() -> None:
    assert refund_fee(STANDARD, "EUR") == Fee(kind=FeeKind.REFUND, amount=eur(15), plan="standard:3", rule="refund")
    assert refund_fee(STANDARD, "USD") is None
    usd = dispute_fee(STANDARD, "USD")
    assert usd == Fee(kind=FeeKind.DISPUTE, amount=Money(2_000, "USD"), plan="standard:3", rule="dispute")
    assert refund_fee(DEFAULT_TERMS.fees, "EUR") is None
    assert dispute_fee(DEFAULT_TERMS.fees, "EUR") is None


@given(countries)
def test_every_country_is_in_one_region(country: str | None) -> None:
    expected = {"DE": "domestic", "AT": "eea", "FR": "eea", "IT": "eea", None: "unknown"}
    assert STANDARD.region_of(country) == expected.get(country, "international")


def test_home_is_domestic_even_where_a_region_has_it() -> None:
    plan = FeePlan(version="any:1", home=frozenset({"DE"}), regions={"eea": frozenset({"DE", "FR"})})
    assert [plan.region_of(country) for country in ("DE", "FR")] == ["domestic", "eea"]


def test_where_a_plan_has_become_a_gap_no_fee_is_made_up() -> None:
    with pytest.raises(FeeNotAgreed) as refusal:
        charge(FeePlan(version="old:1"), eur(100), UPI)
    facts = refusal.value
    assert (facts.plan, facts.method, facts.currency, facts.region) == ("old:1", "upi_collect", "EUR", "unknown")
    with pytest.raises(FeeNotAgreed):
        fee_on(plan_of(Blended(basis_points=1, fixed_minor={"USD": 3})), eur(100))


def test_no_rule_is_trued_up_but_the_one_that_charged_however_it_came_to_be_chosen() -> None:
    """Before hints had no say, a merchant's word of the country chose the rule."""
    charged = charge(STANDARD, eur(10_000), FRENCH)
    assert charged.rule == "eu-cards"
    assert true_up(STANDARD, charged, eur(10_000), Fraction(61)) == eur(17)


@given(st.integers(0, 10**6), st.integers(1, 50))
def test_a_minimum_holds_for_interchange_plus_too_before_and_after_the_true_up(minor: int, minimum: int) -> None:
    plan = plan_of(
        InterchangePlus(
            interchange_basis_points=20, scheme_basis_points=5, markup_basis_points=10, minimum_minor={"*": minimum}
        )
    )
    amount = eur(minor)
    charged = charge(plan, amount)
    assert charged.amount.minor >= min(minimum, minor)
    assert (charged.amount + true_up(plan, charged, amount, Fraction(0))).minor >= min(minimum, minor)


def test_the_true_up_rounds_once_what_is_known_exactly() -> None:
    """0.3 of a cent of cost and 0.3 of mark-up are 0.6: one cent."""
    plan = plan_of(InterchangePlus(interchange_basis_points=0, scheme_basis_points=0, markup_basis_points=30))
    charged = charge(plan, eur(100))
    assert charged.amount == eur(0)
    assert true_up(plan, charged, eur(100), Fraction(3, 10)) == eur(1)
