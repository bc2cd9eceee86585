"""A dispute freezes no more than is left of what was taken; a lost one is gone, a won one comes back."""

import pytest
from hypothesis import given as for_any

from domain.money import AmountOutOfRange, CurrencyMismatch, Money, zero
from domain.payment.dispute import DisputeExceedsCaptured
from domain.payment.events import DisputeLost, DisputeOpened, DisputeWon
from domain.payment.refusals import IllegalTransition
from domain.payment.state import DisputeResult
from domain.payment.status import Status
from tests.support.domain import (
    ACQUIRER,
    DISPUTE,
    MERCHANT,
    OTHER_DISPUTE,
    History,
    amounts,
    captured,
    dispute_closed,
    disputed,
    disputes,
    eur,
    given,
    refunded,
    refunds,
    ruled,
    then_,
    usd,
)


def test_a_dispute_freezes_what_the_bank_claims() -> None:
    given(captured(eur("100.00"))).when(disputes(eur("60.00"))).then(
        DisputeOpened(merchant_id=MERCHANT, dispute_id=DISPUTE, amount=eur("60.00"), reason="fraudulent")
    )
    given(captured()).when(disputes(eur("60.00"))).then_status(Status.DISPUTED)


def test_a_dispute_over_what_refunds_left_is_refused() -> None:
    given(refunded(eur("30.00"), of=eur("100.00"))).when(disputes(eur("70.01"))).then_raises(
        DisputeExceedsCaptured, disputed=eur("70.01"), refundable=eur("70.00")
    )


def test_a_dispute_over_what_an_earlier_lost_one_left_is_refused() -> None:
    given(dispute_closed(DisputeResult.LOST, eur("60.00"), of=eur("100.00"))).when(
        disputes(eur("40.01"), id=OTHER_DISPUTE)
    ).then_raises(DisputeExceedsCaptured, refundable=eur("40.00"))


@for_any(amounts("EUR"), amounts("EUR"))
def test_a_dispute_is_refused_exactly_when_it_exceeds_what_was_taken(taken: Money, claimed: Money) -> None:
    attempted = given(captured(taken)).when(disputes(claimed))
    if claimed > taken:
        attempted.then_raises(DisputeExceedsCaptured)
    else:
        attempted.then_payment(amount=claimed, dispute_id=DISPUTE)


@pytest.mark.parametrize("minor", [0, -1])
def test_a_dispute_of_nothing_or_less_is_refused(minor: int) -> None:
    given(captured()).when(disputes(Money(minor, "EUR"))).then_raises(AmountOutOfRange, amount_minor=minor)


def test_a_dispute_in_another_currency_is_refused() -> None:
    given(captured(eur("100.00"))).when(disputes(usd("1.00"))).then_raises(
        CurrencyMismatch, expected="EUR", actual="USD"
    )


def test_a_won_dispute_gives_back_what_it_froze() -> None:
    given(disputed(eur("60.00"))).when(ruled(DisputeResult.WON)).then(
        DisputeWon(merchant_id=MERCHANT, dispute_id=DISPUTE, amount=eur("60.00"))
    )
    given(disputed(eur("60.00"))).when(ruled(DisputeResult.WON)).then_payment(
        taken__charged_back=eur("0.00"), taken__refundable=eur("100.00")
    )
    given(disputed()).when(ruled(DisputeResult.WON)).then_status(Status.DISPUTE_WON)


def test_a_lost_dispute_is_charged_back() -> None:
    given(disputed(eur("60.00"))).when(ruled(DisputeResult.LOST)).then(
        DisputeLost(merchant_id=MERCHANT, provider=ACQUIRER, dispute_id=DISPUTE, amount=eur("60.00"))
    )
    given(disputed(eur("60.00"))).when(ruled(DisputeResult.LOST)).then_payment(
        taken__charged_back=eur("60.00"), taken__refundable=eur("40.00")
    )
    given(disputed()).when(ruled(DisputeResult.LOST)).then_status(Status.DISPUTE_LOST)


# messages that come twice, or for another dispute

ONE_WON = dispute_closed(DisputeResult.WON)
KNOWN: dict[str, History] = {
    "won": ONE_WON,
    "lost": dispute_closed(DisputeResult.LOST),
    "won, and a refund under way": then_(ONE_WON, refunds()),
    "won, and another open": then_(ONE_WON, disputes(eur("60.00"), id=OTHER_DISPUTE)),
}


@pytest.mark.parametrize("history", [disputed(), *KNOWN.values()], ids=["open", *KNOWN])
def test_a_dispute_that_we_have_heard_of_is_not_opened_again(history: History) -> None:
    given(history).when(disputes(eur("60.00"))).then_nothing()


@pytest.mark.parametrize("result", DisputeResult)
@pytest.mark.parametrize("history", KNOWN.values(), ids=KNOWN)
def test_a_closed_dispute_is_not_closed_again(history: History, result: DisputeResult) -> None:
    given(history).when(ruled(result)).then_nothing()


def test_no_second_dispute_opens_beside_an_open_one() -> None:
    given(disputed(eur("60.00"))).when(disputes(eur("40.00"), id=OTHER_DISPUTE)).then_raises(
        IllegalTransition, verb="dispute", status=Status.DISPUTED
    )


def test_a_ruling_on_a_dispute_that_we_never_heard_of_is_refused() -> None:
    stranger = ruled(DisputeResult.LOST, id=OTHER_DISPUTE)
    given(disputed()).when(stranger).then_raises(IllegalTransition, verb="close dispute", status=Status.DISPUTED)
    given(ONE_WON).when(stranger).then_raises(IllegalTransition, verb="close dispute", status=Status.DISPUTE_WON)


def test_a_ruling_closes_the_dispute_that_it_names() -> None:
    given(KNOWN["won, and another open"]).when(ruled(DisputeResult.LOST, id=OTHER_DISPUTE)).then(
        DisputeLost(merchant_id=MERCHANT, provider=ACQUIRER, dispute_id=OTHER_DISPUTE, amount=eur("60.00"))
    )


@for_any(amounts("EUR", min_minor=2))
def test_refunds_and_chargebacks_draw_on_one_budget(taken: Money) -> None:
    refund, rest = taken.split([1, 1])
    given(refunded(refund, of=taken)).when(disputes(rest), ruled(DisputeResult.LOST)).then_payment(
        taken__refunded=refund, taken__charged_back=rest, taken__refundable=zero("EUR")
    )
