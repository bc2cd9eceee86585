"""Nobody gains by giving money back in small parts: the merchant is debited what the customer's money is worth.

Over all parts together that worth is rounded up once: worth ≤ debits < worth + 1 minor unit, at each rate by itself.
"""

from collections.abc import Iterable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.fx.rates import Quote, Rates, RateSet
from domain.identifiers import DisputeId
from domain.ledger.accounts import Side, fx, fx_mark_up, fx_residue
from domain.ledger.entry import Posting
from domain.ledger.payment_rules import PaymentMoneyEvent, payment_postings
from domain.money.currencies import decimals
from domain.money.money import Money
from domain.payment.events import PaymentRefunded
from domain.payment.proceeds import MerchantDebit
from domain.payment.state import Capture, CapturedFunds, DisputeResult, captured_funds_of
from domain.terms.conversion import RefundRate
from domain.terms.pricing_context import PricingContext
from tests.support.domain import (
    APPROVED,
    DECLINED,
    NO_FEES,
    History,
    agreed,
    authorized,
    capture_taken,
    captured,
    disputes,
    operation,
    payment_of,
    refund_answered,
    refunds,
    ruled,
    then_,
    usd,
)
from tests.support.domain import NOW as TODAY

CURRENCIES = ["JPY", "USD", "EUR", "KWD", "CLF"]
"""Of 0, 2, 2, 3 and 4 decimals."""
RATES = ["0.000017", "0.0125", "0.3333333", "0.9216589", "1", "1.0850", "163.8", "24017.5"]
"""So many units of the settlement currency for one of the payment's."""


def rates(currency: str, rate: str, number: int = 1) -> Rates:
    return Rates(
        (RateSet(source="test", number=number, as_of=TODAY, base=currency, rates={"EUR": rate}, document_sha256=""),)
    )


def terms(refund_rate: RefundRate = RefundRate.ORIGINAL, *, mark_up: int = 0, known: Rates) -> PricingContext:
    return agreed(fees=NO_FEES, settle_in="EUR", mark_up_basis_points=mark_up, refund_rate=refund_rate, rates=known)


def taken(history: History) -> CapturedFunds:
    found = captured_funds_of(payment_of(history))
    assert found is not None
    return found


def standing(history: History) -> list[MerchantDebit]:
    found = taken(history)
    lasting = (dispute.debit for dispute in found.disputes if dispute.result is not DisputeResult.WON)
    return [*(refund.debit for refund in found.refunds), *lasting]


def given_back(
    history: History, minor: int, number: int, pricing: PricingContext, *, by_dispute: bool = False
) -> History:
    amount = Money(minor, taken(history).currency)
    if by_dispute:
        return then_(history, disputes(amount, id=DisputeId(f"dp_{number}"), pricing=pricing))
    id = operation(1_000 + number)
    return then_(then_(history, refunds(amount, id=id, pricing=pricing)), refund_answered(APPROVED, id=id))


def debited_minor(debits: Iterable[MerchantDebit]) -> int:
    return sum(debit.settled.minor for debit in debits)


def brought_by_the_first(minor: int, captures: Iterable[Capture]) -> Fraction:
    """What was captured first is given back first, at its own rate."""
    worth = Fraction(0)
    for capture in captures:
        covered = min(minor, capture.amount.minor)
        worth += Fraction(capture.proceeds.gross.minor * covered, capture.amount.minor)
        minor -= covered
    return worth


def postings(history: History) -> list[Posting]:
    return [line for event in history if isinstance(event, PaymentMoneyEvent) for line in payment_postings(event)]


def residue_was_debited(history: History) -> bool:
    return any(line.account == fx_residue() and line.side is Side.DEBIT for line in postings(history))


# the input that was found, and its neighbours


@pytest.mark.parametrize("refund_rate", RefundRate)
def test_a_hundred_and_fifty_refunds_of_a_cent_cost_the_merchant_what_they_cost_us(refund_rate: RefundRate) -> None:
    pricing = terms(refund_rate, known=rates("USD", "0.3"))
    history = captured(usd("100.00"), pricing=pricing)
    for number in range(150):
        history = given_back(history, 1, number, pricing)
    assert debited_minor(standing(history)) == 45
    assert not residue_was_debited(history)


@pytest.mark.parametrize("refund_rate", RefundRate)
def test_refunds_of_a_cent_do_not_cost_a_whole_unit_each_either(refund_rate: RefundRate) -> None:
    pricing = terms(refund_rate, known=rates("USD", "0.6"))
    history = captured(usd("100.00"), pricing=pricing)
    for number in range(150):
        history = given_back(history, 1, number, pricing)
    assert debited_minor(standing(history)) == 90


@st.composite
def splits(draw: st.DrawFn, whole: int) -> list[int]:
    """Some of `whole`, or all of it, in parts that may be very unequal."""
    parts = []
    left = whole
    for _ in range(draw(st.integers(1, 12))):
        if left == 0:
            break
        part = draw(st.sampled_from([1, 2, left]) | st.integers(1, left))
        parts.append(min(part, left))
        left -= parts[-1]
    return parts


@given(
    data=st.data(),
    currency=st.sampled_from([each for each in CURRENCIES if each != "EUR"]),
    takings=st.lists(
        st.tuples(st.integers(1, 300) | st.integers(1, 10**7), st.sampled_from(RATES)), min_size=1, max_size=3
    ),
    mark_up=st.sampled_from([0, 1, 200, 5_000]),
)
def test_at_the_captures_rate_the_worth_is_debited_rounded_up_once_over_all_parts(
    data: st.DataObject, currency: str, takings: list[tuple[int, str]], mark_up: int
) -> None:
    """Refunds and disputes together, of captures at several rates; all of it comes to what the captures brought."""
    whole = sum(minor for minor, _ in takings)
    history = authorized(Money(whole, currency))
    for number, (minor, rate) in enumerate(takings):
        pricing = terms(mark_up=mark_up, known=rates(currency, rate, number + 1))
        history = capture_taken(
            history, Money(minor, currency), final=False, id=operation(50 + number), pricing=pricing
        )
    back = 0
    for number, part in enumerate(data.draw(splits(whole))):
        history = given_back(history, part, number, pricing, by_dispute=data.draw(st.booleans()))
        back += part
        worth = brought_by_the_first(back, taken(history).captures)
        assert worth <= debited_minor(standing(history)) < worth + 1
    for dispute in taken(history).disputes:
        history = then_(history, ruled(DisputeResult.LOST, id=dispute.dispute_id))
    assert not residue_was_debited(history)
    if back == whole:
        assert debited_minor(standing(history)) == sum(each.proceeds.gross.minor for each in taken(history).captures)
        mark_ups = [line.signed_minor for line in postings(history) if line.account == fx_mark_up()]
        assert sum(mark_ups) == 0
        residue = [line.signed_minor for line in postings(history) if line.account == fx_residue()]
        position = [line.signed_minor for line in postings(history) if line.account == fx("EUR")]
        assert sum(position) == -sum(residue), "what is left of our position is what rounding left us at the captures"


@given(
    data=st.data(),
    currency=st.sampled_from([each for each in CURRENCIES if each != "EUR"]),
    whole=st.integers(1, 300) | st.integers(1, 10**7),
    mark_up=st.sampled_from([0, 200]),
)
def test_mixed_rates_are_rounded_up_once_for_each_of_them(
    data: st.DataObject, currency: str, whole: int, mark_up: int
) -> None:
    """Refunds at the rates of their days, refunds and disputes at the capture's."""
    original = terms(mark_up=mark_up, known=rates(currency, data.draw(st.sampled_from(RATES))))
    history = captured(Money(whole, currency), pricing=original)
    amounts: dict[str, int] = {}
    for number, part in enumerate(data.draw(splits(whole))):
        rate = data.draw(st.none() | st.sampled_from(RATES[:3]))
        pricing = (
            original if rate is None else terms(RefundRate.CURRENT, known=rates(currency, rate, RATES.index(rate)))
        )
        by_dispute = rate is None and data.draw(st.booleans())
        history = given_back(history, part, number, pricing, by_dispute=by_dispute)
        amounts[rate or "original"] = amounts.get(rate or "original", 0) + part
        for name, minor in amounts.items():
            if name == "original":
                debits = [debit for debit in standing(history) if debit.rate is RefundRate.ORIGINAL]
                worth = brought_by_the_first(minor, taken(history).captures)
            else:
                debits = [each for each in standing(history) if each.rate is RefundRate.CURRENT and told(each) == name]
                worth = Fraction(name) * minor * Fraction(10 ** decimals("EUR"), 10 ** decimals(currency))
            assert worth <= debited_minor(debits) < worth + 1
    assert not residue_was_debited(history)


def told(debit: MerchantDebit) -> str:
    assert debit.conversion is not None
    return debit.conversion.rate


# what comes back


def test_what_a_failed_refund_gives_back_does_not_count_and_the_next_one_pays_in_full() -> None:
    pricing = terms(known=rates("USD", "0.3"))
    history = captured(usd("100.00"), pricing=pricing)
    for number in range(20):
        id = operation(2_000 + number)
        history = then_(then_(history, refunds(usd("0.01"), id=id, pricing=pricing)), refund_answered(DECLINED, id=id))
    assert standing(history) == []
    assert debited_minor(standing(given_back(history, 1, 1, pricing))) == 1


def test_what_won_disputes_gave_back_is_made_up_by_the_next_debit() -> None:
    """Each dispute bore the unit that the refund after it would have cost."""
    pricing = terms(known=rates("USD", "0.4"))
    history = captured(usd("100.00"), pricing=pricing)
    for number in range(10):
        history = given_back(history, 1, 2 * number, pricing, by_dispute=True)
        history = given_back(history, 1, 2 * number + 1, pricing)
    for number in range(10):
        history = then_(history, ruled(DisputeResult.WON, id=DisputeId(f"dp_{2 * number}")))
    history = given_back(history, 1, 99, pricing)
    assert debited_minor(standing(history)) == 5, "11 cents at 0.4, rounded up"


def test_what_was_debited_by_the_rules_of_before_stays_as_it_is_and_the_next_debit_makes_it_up() -> None:
    pricing = terms(known=rates("USD", "0.3"))
    history = captured(usd("100.00"), pricing=pricing)
    history = given_back(history, 3, 1, pricing)
    [*before, last] = history
    assert isinstance(last, PaymentRefunded)
    assert last.debit.conversion is not None
    nothing = Money(0, "EUR")
    rounded_down = replace(last.debit.conversion, value=nothing, settled=nothing)
    too_little = replace(last.debit, settled=nothing, conversion=rounded_down)
    history = (*before, replace(last, debit=too_little))
    assert debited_minor(standing(given_back(history, 1, 2, pricing))) == 2


def test_the_rate_of_a_debit_is_that_of_the_capture_it_gives_back() -> None:
    first, second = (terms(known=rates("USD", rate, number)) for number, rate in [(1, "0.9"), (2, "0.5")])
    history = capture_taken(authorized(usd("100.00")), usd("50.00"), final=False, pricing=first)
    history = capture_taken(history, usd("50.00"), id=operation(50), pricing=second)
    for number in (1, 2):
        history = given_back(history, 5_000, number, first)
    assert [(told(each), each.settled.minor) for each in standing(history)] == [("0.9", 4_500), ("0.5", 2_500)]


def test_one_rate_published_anew_is_a_rate_of_its_own() -> None:
    quote = Quote(from_currency="USD", to_currency="EUR", text="0.3", rates="test:2", as_of=TODAY)
    assert rates("USD", "0.3", 2).rate("USD", "EUR") == quote
    history = captured(usd("100.00"), pricing=terms(known=rates("USD", "0.3")))
    for number in (1, 2):
        history = given_back(history, 1, number, terms(RefundRate.CURRENT, known=rates("USD", "0.3", number)))
    assert debited_minor(standing(history)) == 2
