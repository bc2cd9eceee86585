"""A dispute freezes no more than is left of what was taken; a lost one is gone, a won one comes back, even late."""

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from domain.fx.rates import RateMissing, Rates
from domain.identifiers import DisputeId
from domain.money.money import AmountOutOfRange, Money, zero
from domain.payment.debit import DebitSource
from domain.payment.dispute import CloseDispute, DisputeDiffers, close_dispute
from domain.payment.dispute_events import DisputeLost, DisputeOpened, DisputeReversed, DisputeWon
from domain.payment.proceeds import Drawn, Excess, MerchantDebit, from_available, from_owed
from domain.payment.refusals import IllegalTransition
from domain.payment.state import DisputeResult, captured_funds_of
from domain.payment.status import Status
from domain.terms.amounts import OTHERS
from domain.terms.fee_plan import Blended, FeePlan
from tests.support.domain import (
    ACQUIRER,
    APPROVED,
    DISPUTE,
    DUE,
    MERCHANT,
    OTHER_DISPUTE,
    Decision,
    History,
    agreed,
    amounts,
    beyond,
    captured,
    claimed,
    debited,
    dispute_closed,
    disputed,
    disputes,
    eur,
    from_lot,
    given,
    partially_captured,
    payment_of,
    refund_answered,
    refunded,
    refunds,
    ruled,
    then_,
    usd,
)

SIXTY, NOTHING = eur("60.00"), eur("0.00")


def opened(
    amount: Money, *, id: DisputeId = DISPUTE, debit: MerchantDebit | None = None, excess: Excess | None = None
) -> DisputeOpened:
    """`amount` of the payment's budget."""
    claim = claimed(amount, debit=debit, excess=excess)
    return DisputeOpened(merchant_id=MERCHANT, dispute_id=id, reason="fraudulent", claim=claim)


def lost(amount: Money, *, excess: Excess | None = None) -> DisputeLost:
    return DisputeLost(
        merchant_id=MERCHANT,
        provider=ACQUIRER,
        dispute_id=DISPUTE,
        disputed=amount if excess is None else amount + excess.amount,
        exchange=None,
        amount=amount,
        settled=amount,
        conversion=None,
        excess=excess,
    )


def won(amount: Money, returned: Drawn, *, recovered: Money = NOTHING) -> DisputeWon:
    return DisputeWon(merchant_id=MERCHANT, dispute_id=DISPUTE, amount=amount, returned=returned, recovered=recovered)


# opening


def test_a_dispute_freezes_what_the_bank_claims() -> None:
    given(captured(eur("100.00"))).when(disputes(SIXTY)).then(opened(SIXTY))
    given(captured()).when(disputes(SIXTY)).then_status(Status.DISPUTED)


def test_what_a_partial_capture_took_can_be_disputed_while_the_rest_is_open() -> None:
    given(partially_captured(eur("40.00"), of=eur("100.00"))).when(disputes(eur("40.00"))).then_payment(
        taken__frozen=eur("40.00"), capturable=eur("60.00")
    )


def test_a_dispute_freezes_no_more_than_refunds_left() -> None:
    given(refunded(eur("30.00"), of=eur("100.00"))).when(disputes(eur("100.00"))).then(
        opened(eur("70.00"), excess=beyond(eur("30.00")))
    )
    given(refunded(eur("100.00"), of=eur("100.00"))).when(disputes(eur("100.00"))).then_payment(
        taken__frozen=eur("0.00"), taken__refundable=eur("0.00")
    )


def test_a_dispute_freezes_no_more_than_another_one_left() -> None:
    for history in disputed(SIXTY), dispute_closed(DisputeResult.LOST, SIXTY):
        given(history).when(disputes(SIXTY, id=OTHER_DISPUTE)).then(
            opened(eur("40.00"), id=OTHER_DISPUTE, excess=beyond(eur("20.00")))
        )


@for_any(amounts("EUR"), amounts("EUR"))
def test_a_dispute_freezes_what_is_claimed_and_at_most_what_was_taken(taken: Money, claimed: Money) -> None:
    given(captured(taken)).when(disputes(claimed)).then_payment(
        taken__frozen=min(taken, claimed), taken__refundable=taken - min(taken, claimed)
    )


@pytest.mark.parametrize("minor", [0, -1])
def test_a_dispute_of_nothing_or_less_is_refused(minor: int) -> None:
    given(captured()).when(disputes(Money(minor, "EUR"))).then_raises(AmountOutOfRange, amount_minor=minor)


def test_a_dispute_in_a_currency_of_which_there_is_no_rate_is_refused() -> None:
    given(captured(eur("100.00"))).when(disputes(usd("1.00"), pricing=agreed(rates=Rates()))).then_raises(
        RateMissing, from_currency="USD", to_currency="EUR"
    )


def test_what_the_merchant_does_not_have_it_owes() -> None:
    given(captured()).when(disputes(SIXTY, at=DUE)).then(
        opened(SIXTY, debit=debited(SIXTY, drawn=from_available(SIXTY)))
    )
    given(captured()).when(disputes(SIXTY, at=DUE, source=DebitSource.OWED)).then(
        opened(SIXTY, debit=debited(SIXTY, drawn=from_owed(SIXTY)))
    )


# rulings


def test_a_won_dispute_gives_back_what_it_froze() -> None:
    given(disputed(SIXTY)).when(ruled(DisputeResult.WON)).then(won(SIXTY, from_lot(SIXTY)))
    given(disputed(SIXTY)).when(ruled(DisputeResult.WON)).then_payment(
        taken__charged_back=eur("0.00"), taken__frozen=eur("0.00"), taken__refundable=eur("100.00")
    )
    given(disputed()).when(ruled(DisputeResult.WON)).then_status(Status.DISPUTE_WON)


def test_what_was_pending_and_has_been_released_since_is_given_back_to_what_is_available() -> None:
    given(disputed(SIXTY)).when(ruled(DisputeResult.WON, at=DUE)).then(won(SIXTY, from_available(SIXTY)))


def test_the_fee_of_a_dispute_is_not_given_back() -> None:
    plan = FeePlan(version="with-dispute-fee", default=Blended(basis_points=0), dispute={OTHERS: 15_00})
    history = then_(captured(), disputes(SIXTY, pricing=agreed(fees=plan)))
    given(history).when(ruled(DisputeResult.WON)).then(won(SIXTY, from_lot(SIXTY)))


def won_although_owed(*, debt_is_paid: bool) -> Decision:
    command = CloseDispute(dispute_id=DISPUTE, result=DisputeResult.WON)
    return lambda payment: close_dispute(payment, command, DUE, debt_is_paid=debt_is_paid)


@pytest.mark.parametrize(("debt_is_paid", "back"), [(False, from_owed(SIXTY)), (True, from_available(SIXTY))])
def test_what_the_merchant_owed_because_of_it_is_forgiven_or_given_back_if_it_was_paid(
    debt_is_paid: bool, back: Drawn
) -> None:
    history = then_(captured(), disputes(SIXTY, source=DebitSource.OWED))
    given(history).when(won_although_owed(debt_is_paid=debt_is_paid)).then(won(SIXTY, back))


def test_a_lost_dispute_is_charged_back() -> None:
    given(disputed(SIXTY)).when(ruled(DisputeResult.LOST)).then(lost(SIXTY))
    given(disputed(SIXTY)).when(ruled(DisputeResult.LOST)).then_payment(
        taken__charged_back=SIXTY, taken__frozen=eur("0.00"), taken__refundable=eur("40.00")
    )
    given(disputed()).when(ruled(DisputeResult.LOST)).then_status(Status.DISPUTE_LOST)


def test_a_dispute_that_is_won_after_it_was_lost_brings_the_money_back() -> None:
    history = dispute_closed(DisputeResult.LOST, SIXTY)
    given(history).when(ruled(DisputeResult.WON)).then(
        DisputeReversed(
            merchant_id=MERCHANT,
            provider=ACQUIRER,
            dispute_id=DISPUTE,
            disputed=SIXTY,
            exchange=None,
            amount=SIXTY,
            settled=SIXTY,
            conversion=None,
            excess=None,
            returned=from_lot(SIXTY),
            recovered=NOTHING,
            left=None,
        )
    )
    given(history).when(ruled(DisputeResult.WON)).then_back_at(dispute_closed(DisputeResult.WON, SIXTY))
    given(history).when(ruled(DisputeResult.WON), refunds()).then_payment(amount=eur("100.00"))


# messages that come twice, or for another dispute

ONE_WON = dispute_closed(DisputeResult.WON)
KNOWN: dict[str, History] = {
    "won": ONE_WON,
    "lost": dispute_closed(DisputeResult.LOST),
    "won after it was lost": then_(dispute_closed(DisputeResult.LOST), ruled(DisputeResult.WON)),
    "won, and a refund under way": then_(ONE_WON, refunds()),
    "won, and refunded": then_(then_(ONE_WON, refunds()), refund_answered(APPROVED)),
    "won, and another open": then_(ONE_WON, disputes(SIXTY, id=OTHER_DISPUTE)),
}
WON_LAST = [name for name in KNOWN if name != "lost"]


@pytest.mark.parametrize("history", [disputed(), *KNOWN.values()], ids=["open", *KNOWN])
def test_a_dispute_that_we_have_heard_of_is_not_opened_again(history: History) -> None:
    claimed_before = captured_funds_of(payment_of(history))
    assert claimed_before is not None
    given(history).when(disputes(claimed_before.disputes[0].claim.disputed)).then_nothing()


@pytest.mark.parametrize("history", [disputed(), *KNOWN.values()], ids=["open", *KNOWN])
@pytest.mark.parametrize("amount", [eur("99.99"), usd("100.00")], ids=str)
def test_a_dispute_that_we_have_heard_of_with_another_amount_is_refused(history: History, amount: Money) -> None:
    given(history).when(disputes(amount)).then_raises(
        DisputeDiffers, dispute_id=DISPUTE, what="amount", ours="100.00 EUR", theirs=str(amount)
    )


@pytest.mark.parametrize("result", DisputeResult)
@pytest.mark.parametrize("name", WON_LAST)
def test_what_was_won_is_neither_won_again_nor_lost(name: str, result: DisputeResult) -> None:
    given(KNOWN[name]).when(ruled(result)).then_nothing()


def test_what_was_lost_is_not_lost_again() -> None:
    given(KNOWN["lost"]).when(ruled(DisputeResult.LOST)).then_nothing()


def test_a_ruling_on_a_dispute_that_we_never_heard_of_is_refused() -> None:
    stranger = ruled(DisputeResult.LOST, id=OTHER_DISPUTE)
    given(disputed()).when(stranger).then_raises(IllegalTransition, verb="close dispute", status=Status.DISPUTED)
    given(ONE_WON).when(stranger).then_raises(IllegalTransition, verb="close dispute", status=Status.DISPUTE_WON)


def test_a_ruling_closes_the_dispute_that_it_names() -> None:
    both = then_(disputed(SIXTY), disputes(eur("40.00"), id=OTHER_DISPUTE))
    given(both).when(ruled(DisputeResult.LOST)).then(lost(SIXTY))
    given(both).when(ruled(DisputeResult.LOST)).then_payment(taken__charged_back=SIXTY, taken__frozen=eur("40.00"))
    given(both).when(ruled(DisputeResult.LOST)).then_status(Status.DISPUTED)


@for_any(amounts("EUR", min_minor=2), st.booleans())
def test_refunds_and_chargebacks_draw_on_one_budget(taken: Money, in_flight: bool) -> None:
    rest = Money(taken.minor // 2, "EUR")
    refund = taken - rest
    began = then_(captured(taken), refunds(refund))
    steps = [refund_answered(APPROVED), disputes(rest)]
    given(began).when(*(reversed(steps) if in_flight else steps), ruled(DisputeResult.LOST)).then_payment(
        taken__refunded=refund, taken__charged_back=rest, taken__refundable=zero("EUR")
    )
