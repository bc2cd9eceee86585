"""The part of a chargeback that the money-back budget carries is frozen until the bank rules, and then lost or given
back; the excess is borne as the terms say.

A bank takes its claim whatever operation of ours is in flight and whatever was refunded meanwhile: a dispute is booked
in every stage of the payment, with the whole claim.
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
from domain.payment.dispute_events import (
    DisputeLost,
    DisputeOpened,
    DisputeRaised,
    DisputeReduced,
    DisputeReversed,
    DisputeWon,
)
from domain.payment.events import PaymentEvent
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
    """The dispute on record under that name differs in `what`."""

    dispute_id: str
    what: str
    ours: str
    theirs: str


class ReversedBefore(DomainError):
    """A part of the chargeback was reversed before; the settlement of a second part could not be told from the
    first."""

    dispute_id: str


class OpenDispute(Struct, frozen=True, kw_only=True):
    """`amount` is the amount that the bank disputes, in any currency."""

    dispute_id: DisputeId
    amount: Money
    reason: str


class AmendDispute(Struct, frozen=True, kw_only=True):
    """`amount` is the amount that the bank disputes from now on, in the currency of the dispute."""

    dispute_id: DisputeId
    amount: Money


class CloseDispute(Struct, frozen=True, kw_only=True):
    """`result` is the bank's ruling."""

    dispute_id: DisputeId
    result: DisputeResult


class ReverseInPart(Struct, frozen=True, kw_only=True):
    """`lost` is the part of a lost chargeback that stays lost, in the currency of the dispute."""

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
    """Book the bank's whole claim, debiting the part that the budget carries from `source`; no event when the same
    claim is on record.

    Raises AmountOutOfRange, DisputeDiffers, RateMissing, OperationInProgress where the claim depends on a refund that
    is on its way, or the refusal of a payment without a capture.
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
    """Book the raise or reduction of the disputed amount; no event when that is on record, or the dispute is decided.

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
    """Record the bank's ruling; no event when the same ruling is on record. A dispute won after it was lost brings the
    money back; a dispute that was won is not lost again. With `debt_is_paid`, money that would lower the merchant's
    debt goes to the available balance: the debt has been collected since.

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
    """Give back the part of a lost chargeback that the bank returns; no event when no more than `lost` is lost.

    Raises AmountOutOfRange, CurrencyMismatch, ReversedBefore, and the refusal of a payment that never had that dispute.
    """
    _, dispute = _dispute_of(payment, command.dispute_id, "reverse dispute")
    _require_part_of(command.lost, dispute.claim)
    if dispute.result is not DisputeResult.LOST or command.lost >= dispute.claim.disputed:
        return ()
    return (_reversed(payment, dispute, command.lost, now, debt_is_paid=debt_is_paid),)


def _dispute_of(payment: Payment, dispute_id: DisputeId, verb: str) -> tuple[CapturedFunds, Dispute]:
    """Raises IllegalTransition where the payment has no such dispute."""
    taken = captured_funds_of(payment)
    dispute = None if taken is None else taken.dispute(dispute_id)
    if taken is None or dispute is None:
        raise IllegalTransition(verb=verb, status=status_of(payment))
    return taken, dispute


def _in_flight(payment: Payment) -> MerchantDebit | None:
    return payment.debit if isinstance(payment, Refunding) else None


def _require_independent(payment: Payment, amount: Money, taken: CapturedFunds) -> None:
    """Require that the budget can carry `amount` whether or not the refund on its way succeeds. Raises
    OperationInProgress."""
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
