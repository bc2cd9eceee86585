"""A chargeback's money: what the payment's budget carries is frozen while it is open, gone once it is lost, and back
where it was once it is won; what is beyond the budget is borne as the terms say.

A bank does not ask whether an operation of ours is in flight, and does not know what was refunded meanwhile: it is
heard in every stage, and its whole claim is booked.
"""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from domain.errors import DomainError
from domain.fx.conversion import Conversion
from domain.identifiers import DisputeId, MerchantId
from domain.money.money import AmountOutOfRange, CurrencyMismatch, Money, zero
from domain.payment.claim import Reduced, claim_for, exchanged, raise_claim, reduce_claim
from domain.payment.debit import DebitSource
from domain.payment.events import (
    DisputeLost,
    DisputeOpened,
    DisputeRaised,
    DisputeReduced,
    DisputeReversed,
    DisputeWon,
    PaymentEvent,
)
from domain.payment.proceeds import Claim, Excess, MerchantDebit
from domain.payment.refusals import IllegalTransition, refuse
from domain.payment.state import (
    CapturedFunds,
    Dispute,
    DisputeResult,
    Payment,
    Refunding,
    authorization_of,
    captured_funds_of,
    terms_of,
)
from domain.payment.status import status_of
from domain.terms.fee_plan import dispute_fee
from domain.terms.pricing_context import PricingContext


class DisputeDiffers(DomainError):
    """A dispute of that name is on record, and is another one; `what` is what it differs in."""

    dispute_id: str
    what: str
    ours: str
    theirs: str


class ReversedBefore(DomainError):
    """Some of the chargeback has come back before, and what was settled of it would not be told from more."""

    dispute_id: str


class OpenDispute(Struct, frozen=True, kw_only=True):
    """`amount` is what the bank disputes, in whatever currency."""

    dispute_id: DisputeId
    amount: Money
    reason: str


class AmendDispute(Struct, frozen=True, kw_only=True):
    """`amount` is what the bank disputes from now on, in the currency of the dispute."""

    dispute_id: DisputeId
    amount: Money


class CloseDispute(Struct, frozen=True, kw_only=True):
    dispute_id: DisputeId
    result: DisputeResult


class ReverseInPart(Struct, frozen=True, kw_only=True):
    """`lost` is what stays lost of a chargeback that was lost, in the currency of the dispute."""

    dispute_id: DisputeId
    lost: Money


DisputeCommand = OpenDispute | AmendDispute | CloseDispute | ReverseInPart


def open_dispute(
    payment: Payment,
    command: OpenDispute,
    pricing: PricingContext,
    now: datetime,
    *,
    source: DebitSource = DebitSource.LOT,
) -> tuple[PaymentEvent, ...]:
    """Book the bank's whole claim, what the budget carries of it from `source`; nothing when that very claim is on
    record.

    Raises AmountOutOfRange, DisputeDiffers, RateMissing, OperationInProgress where it depends on a refund that is on
    its way, or the refusal of a payment of which nothing was taken.
    """
    taken = captured_funds_of(payment)
    if taken is None:
        raise refuse(payment, "dispute")
    if command.amount.minor <= 0:
        raise AmountOutOfRange(amount_minor=command.amount.minor)
    known = taken.dispute(command.dispute_id)
    if known is not None:
        _require_same(known, command.amount)
        return ()
    exchange = exchanged(command.amount, taken, pricing, now)
    _require_independent(payment, command.amount if exchange is None else exchange.value, taken)
    claim = claim_for(
        command.amount,
        taken,
        in_flight=_in_flight(payment),
        source=source,
        fee=dispute_fee(pricing.terms.fees, taken.captures[0].proceeds.gross.currency),
        pricing=pricing,
        now=now,
    )
    return (
        DisputeOpened(
            merchant_id=terms_of(payment).merchant_id,
            dispute_id=command.dispute_id,
            reason=command.reason,
            claim=claim,
        ),
    )


def amend_dispute(
    payment: Payment,
    command: AmendDispute,
    pricing: PricingContext,
    now: datetime,
    *,
    source: DebitSource = DebitSource.LOT,
    debt_is_paid: bool = False,
) -> tuple[PaymentEvent, ...]:
    """Book what the bank disputes more or less than before; nothing when that is on record, or the dispute is decided.

    Raises AmountOutOfRange, CurrencyMismatch, OperationInProgress, and the refusal of a payment that never had that
    dispute.
    """
    taken, dispute = _dispute_of(payment, command.dispute_id, "amend dispute")
    claim = dispute.claim
    _require_part_of(command.amount, claim)
    if dispute.result is not None or command.amount == claim.disputed:
        return ()
    merchant_id = terms_of(payment).merchant_id
    if command.amount < claim.disputed:
        reduced = reduce_claim(claim, command.amount, now, debt_is_paid=debt_is_paid)
        return (
            DisputeReduced(
                merchant_id=merchant_id,
                dispute_id=dispute.dispute_id,
                claim=reduced.left,
                returned=reduced.returned,
                recovered=reduced.recovered,
            ),
        )
    raised = raise_claim(
        claim, command.amount, taken, in_flight=_in_flight(payment), source=source, pricing=pricing, now=now
    )
    _require_independent(payment, raised.claim.amount - claim.amount, taken)
    return (
        DisputeRaised(
            merchant_id=merchant_id,
            dispute_id=dispute.dispute_id,
            claim=raised.claim,
            drawn=raised.drawn,
            excess=raised.excess,
        ),
    )


def close_dispute(
    payment: Payment, command: CloseDispute, now: datetime, *, debt_is_paid: bool = False
) -> tuple[PaymentEvent, ...]:
    """Record the bank's ruling; nothing when it has ruled so before. Won after it was lost brings the money back; what
    was won is not lost again. With `debt_is_paid` what the merchant owed because of it goes to what is available: it
    has been collected since.

    Raises ReversedBefore, and the refusal of a payment that never had that dispute.
    """
    _, dispute = _dispute_of(payment, command.dispute_id, "close dispute")
    nothing_left = zero(dispute.claim.disputed.currency)
    match dispute.result, command.result:
        case None, DisputeResult.WON:
            back = reduce_claim(dispute.claim, nothing_left, now, debt_is_paid=debt_is_paid)
            return (
                DisputeWon(
                    merchant_id=terms_of(payment).merchant_id,
                    dispute_id=dispute.dispute_id,
                    amount=dispute.amount,
                    returned=back.returned,
                    recovered=back.recovered,
                ),
            )
        case None, DisputeResult.LOST:
            return (_lost(payment, terms_of(payment).merchant_id, dispute),)
        case DisputeResult.LOST, DisputeResult.WON:
            return (_reversed(payment, dispute, nothing_left, now, debt_is_paid=debt_is_paid),)
        case _:
            return ()


def reverse_in_part(
    payment: Payment, command: ReverseInPart, now: datetime, *, debt_is_paid: bool = False
) -> tuple[PaymentEvent, ...]:
    """Bring back what the bank took and rules to be ours after all; nothing when no more than `lost` is lost.

    Raises AmountOutOfRange, CurrencyMismatch, ReversedBefore, and the refusal of a payment that never had that dispute.
    """
    _, dispute = _dispute_of(payment, command.dispute_id, "reverse dispute")
    _require_part_of(command.lost, dispute.claim)
    if dispute.result is not DisputeResult.LOST or command.lost >= dispute.claim.disputed:
        return ()
    return (_reversed(payment, dispute, command.lost, now, debt_is_paid=debt_is_paid),)


def _dispute_of(payment: Payment, dispute_id: DisputeId, verb: str) -> tuple[CapturedFunds, Dispute]:
    taken = captured_funds_of(payment)
    dispute = None if taken is None else taken.dispute(dispute_id)
    if taken is None or dispute is None:
        raise IllegalTransition(verb=verb, status=status_of(payment))
    return taken, dispute


def _in_flight(payment: Payment) -> MerchantDebit | None:
    return payment.debit if isinstance(payment, Refunding) else None


def _require_independent(payment: Payment, amount: Money, taken: CapturedFunds) -> None:
    """What the budget is to carry does not depend on the refund that is on its way. Raises OperationInProgress."""
    if isinstance(payment, Refunding) and amount > taken.refundable - payment.amount:
        raise refuse(payment, "dispute")


def _require_same(known: Dispute, amount: Money) -> None:
    if known.claim.disputed != amount:
        raise DisputeDiffers(
            dispute_id=known.dispute_id, what="amount", ours=str(known.claim.disputed), theirs=str(amount)
        )


def _require_part_of(amount: Money, claim: Claim) -> None:
    if amount.currency != claim.disputed.currency:
        raise CurrencyMismatch(expected=claim.disputed.currency, actual=amount.currency)
    if amount.minor <= 0:
        raise AmountOutOfRange(amount_minor=amount.minor)


def _lost(payment: Payment, merchant_id: MerchantId, dispute: Dispute) -> DisputeLost:
    claim = dispute.claim
    return DisputeLost(
        merchant_id=merchant_id,
        provider=authorization_of(payment).provider,
        dispute_id=dispute.dispute_id,
        disputed=claim.disputed,
        exchange=claim.exchange,
        amount=claim.amount,
        settled=claim.debit.settled,
        conversion=claim.debit.conversion,
        excess=claim.excess,
    )


def _reversed(payment: Payment, dispute: Dispute, lost: Money, now: datetime, *, debt_is_paid: bool) -> DisputeReversed:
    if dispute.reversed_in_part:
        raise ReversedBefore(dispute_id=dispute.dispute_id)
    claim = dispute.claim
    back: Reduced = reduce_claim(claim, lost, now, debt_is_paid=debt_is_paid)
    return DisputeReversed(
        merchant_id=terms_of(payment).merchant_id,
        provider=authorization_of(payment).provider,
        dispute_id=dispute.dispute_id,
        disputed=claim.disputed - back.left.disputed,
        exchange=_less(claim.exchange, back.left.exchange),
        amount=claim.amount - back.left.amount,
        settled=claim.debit.settled - back.left.debit.settled,
        conversion=_less(claim.debit.conversion, back.left.debit.conversion),
        excess=_excess_less(claim.excess, back.left.excess),
        returned=back.returned,
        recovered=back.recovered,
        left=back.left if lost.minor else None,
    )


def _less(whole: Conversion | None, part: Conversion | None) -> Conversion | None:
    return whole if whole is None or part is None else whole.less(part)


def _excess_less(whole: Excess | None, part: Excess | None) -> Excess | None:
    if whole is None or part is None:
        return whole
    if whole == part:
        return None
    return replace(
        whole,
        amount=whole.amount - part.amount,
        settled=whole.settled - part.settled,
        conversion=_less(whole.conversion, part.conversion),
    )
