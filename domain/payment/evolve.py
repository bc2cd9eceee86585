"""Each event leads a payment from one stage to the next. Nothing is refused here: rules live in the verbs, and history
stays readable."""

from collections.abc import Iterable
from typing import Any, assert_never

from msgspec.structs import replace

from domain.event import name_of
from domain.identifiers import DisputeId
from domain.payment.dispute_events import (
    DisputeLost,
    DisputeOpened,
    DisputeRaised,
    DisputeReduced,
    DisputeReversed,
    DisputeWon,
)
from domain.payment.events import (
    AuthorizationExpired,
    CaptureFailed,
    CaptureStarted,
    ContradictionReported,
    OperationAdopted,
    OperationInDoubt,
    OperationOutcomeUnknown,
    PaymentActionRequired,
    PaymentAttemptFailed,
    PaymentAttemptStarted,
    PaymentAuthorized,
    PaymentCanceled,
    PaymentCaptured,
    PaymentCreated,
    PaymentEvent,
    PaymentFailed,
    PaymentHeldForReview,
    PaymentRefunded,
    PaymentReviewApproved,
    PaymentRouted,
    PaymentVoided,
    RefundFailed,
    RefundReversed,
    RefundStarted,
    VoidFailed,
    VoidStarted,
)
from domain.payment.settlement_events import MovementSettled
from domain.payment.state import (
    Attempt,
    Authorization,
    Authorized,
    Canceled,
    Capture,
    Captured,
    CapturedFunds,
    Capturing,
    Created,
    Dispute,
    DisputeResult,
    Expired,
    Failed,
    FailedAttempt,
    InReview,
    Open,
    PartiallyCaptured,
    Payment,
    Processing,
    Refund,
    Refunding,
    RequiresAction,
    Rerouting,
    Terms,
    Voided,
    Voiding,
)

_AboutTaken = (
    PaymentRefunded
    | RefundReversed
    | DisputeOpened
    | DisputeRaised
    | DisputeReduced
    | DisputeWon
    | DisputeLost
    | DisputeReversed
)


class HistoryUnreadable(Exception):
    """The events do not follow from one another: no decision of ours could have written them."""


def fold(events: Iterable[PaymentEvent]) -> Payment | None:
    """The payment after `events`, or None when there are none."""
    payment: Payment | None = None
    for event in events:
        payment = evolve(payment, event)
    return payment


def evolve(payment: Payment | None, event: PaymentEvent) -> Payment:
    """`payment` after `event`."""
    match payment, event:
        case None, PaymentCreated():
            return Created(
                terms=Terms(
                    merchant_id=event.merchant_id,
                    customer_id=event.customer_id,
                    amount=event.amount,
                    method=event.method,
                    capture_method=event.capture_method,
                    return_url=event.return_url,
                )
            )
        case None, _:
            raise HistoryUnreadable(f"a history cannot begin with {name_of(event)}")
        case _:
            return _next(payment, event)


def _next(payment: Payment, event: PaymentEvent) -> Payment:
    match payment, event:
        case Created(terms=terms), PaymentHeldForReview(reason=reason):
            return InReview(terms=terms, reason=reason)
        case InReview(terms=terms), PaymentReviewApproved():
            return Created(terms=terms)
        case ((Created() | Rerouting()), PaymentRouted()):
            return payment
        case Created(terms=terms), PaymentAttemptStarted():
            return Processing(terms=terms, attempt=_attempt(event))
        case Rerouting(terms=terms, tried=tried), PaymentAttemptStarted():
            return Processing(terms=terms, attempt=_attempt(event), tried=tried)
        case ((Processing() | Capturing() | Voiding() | Refunding()), OperationOutcomeUnknown()):
            return replace(payment, outcome_unknown=True)
        case ((Processing() | Capturing() | Voiding() | Refunding()), OperationInDoubt()):
            return replace(payment, in_doubt=True)
        case Processing(terms=terms, attempt=attempt), PaymentActionRequired():
            return RequiresAction(
                terms=terms,
                attempt=attempt,
                reference=event.reference,
                action=event.action,
                expires_at=event.expires_at,
            )
        case ((Processing(terms=terms) | RequiresAction(terms=terms)), PaymentAuthorized()):
            return Authorized(terms=terms, authorization=_authorization(event))
        case Processing(terms=terms, attempt=attempt, tried=tried), PaymentAttemptFailed(code=code):
            return Rerouting(terms=terms, tried=(*tried, _tried(attempt, code)))
        case RequiresAction(terms=terms, attempt=attempt), PaymentAttemptFailed(code=code):
            return Rerouting(terms=terms, tried=(_tried(attempt, code),))
        case ((Created() | InReview() | Rerouting()), PaymentFailed(code=code, message=message)):
            return Failed(terms=payment.terms, code=code, message=message)
        case ((Created() | Rerouting()), PaymentCanceled(reason=reason)):
            return Canceled(terms=payment.terms, reason=reason)
        case _:
            return _moved(payment, event)


def _moved(payment: Payment, event: PaymentEvent) -> Payment:
    """The payment after an event that captures, voids, refunds, disputes or settles, or that only reports."""
    match payment, event:
        case ((Authorized() | PartiallyCaptured()), CaptureStarted()):
            return Capturing(before=payment, capture_id=event.capture_id, amount=event.amount, final=event.final)
        case Capturing(before=before), PaymentCaptured():
            return _captured(before, event)
        case ((Authorized() | PartiallyCaptured() | Captured() | Voided() | Expired()), PaymentCaptured()):
            return _captured(payment, event)
        case Capturing(before=before), CaptureFailed():
            return before
        case ((Authorized() | PartiallyCaptured()), VoidStarted(void_id=void_id)):
            return Voiding(before=payment, void_id=void_id)
        case Voiding(before=before), PaymentVoided():
            return _released(before, Voided)
        case ((Authorized() | PartiallyCaptured()), PaymentVoided()):
            return _released(payment, Voided)
        case Voiding(before=before), VoidFailed():
            return before
        case ((Authorized() | PartiallyCaptured()), AuthorizationExpired()):
            return _released(payment, Expired)
        case ((PartiallyCaptured() | Captured()), RefundStarted()):
            return Refunding(before=payment, refund_id=event.refund_id, amount=event.amount, debit=event.debit)
        case Refunding(before=before, refund_id=refund_id), PaymentRefunded() if event.refund_id == refund_id:
            return _with_taken(before, event)
        case Refunding(before=before, refund_id=refund_id), RefundFailed() if event.refund_id == refund_id:
            return before
        case (
            _,
            PaymentRefunded()
            | RefundReversed()
            | DisputeOpened()
            | DisputeRaised()
            | DisputeReduced()
            | DisputeWon()
            | DisputeLost()
            | DisputeReversed(),
        ):
            return _with_taken(payment, event)
        case _, ContradictionReported() | MovementSettled() | OperationAdopted() | RefundFailed():
            return payment
        case _:
            raise HistoryUnreadable(f"{name_of(event)} cannot follow {type(payment).__name__}")


def _attempt(event: PaymentAttemptStarted) -> Attempt:
    return Attempt(
        attempt_id=event.attempt_id,
        provider=event.provider,
        amount=event.amount,
        capture=event.capture,
        started_at=event.started_at,
    )


def _tried(attempt: Attempt, code: str) -> FailedAttempt:
    return FailedAttempt(
        attempt_id=attempt.attempt_id, provider=attempt.provider, started_at=attempt.started_at, code=code
    )


def _authorization(event: PaymentAuthorized) -> Authorization:
    return Authorization(
        attempt_id=event.attempt_id,
        provider=event.provider,
        reference=event.reference,
        amount=event.amount,
        expires_at=event.expires_at,
    )


def _captured(before: Open | Captured | Voided | Expired, event: PaymentCaptured) -> PartiallyCaptured | Captured:
    """Of what was captured, voided or has expired a provider may yet take something that nobody asked for here."""
    capture = Capture(capture_id=event.capture_id, amount=event.amount, proceeds=event.proceeds)
    match before:
        case Authorized() | Voided() | Expired():
            taken = CapturedFunds(captures=(capture,))
        case PartiallyCaptured() | Captured():
            taken = replace(before.taken, captures=(*before.taken.captures, capture))
    stage = Captured if event.final else PartiallyCaptured
    return stage(terms=before.terms, authorization=before.authorization, taken=taken)


def _released(before: Open, stage: type[Voided] | type[Expired]) -> Payment:
    match before:
        case Authorized(terms=terms, authorization=authorization):
            return stage(terms=terms, authorization=authorization)
        case PartiallyCaptured(terms=terms, authorization=authorization, taken=taken):
            return Captured(terms=terms, authorization=authorization, taken=taken)


def _with_taken(payment: Payment, event: _AboutTaken) -> Payment:
    """An event about the money taken leaves the stage unchanged: a bank does not wait for our operations."""
    match payment:
        case Capturing(before=before) | Voiding(before=before) | Refunding(before=before):
            return replace(payment, before=_with_taken(before, event))
        case PartiallyCaptured(taken=taken) | Captured(taken=taken):
            return replace(payment, taken=_taken(taken, event))
        case _:
            raise HistoryUnreadable(f"{name_of(event)} cannot follow {type(payment).__name__}")


def _taken(taken: CapturedFunds, event: _AboutTaken) -> CapturedFunds:
    match event:
        case PaymentRefunded():
            refund = Refund(refund_id=event.refund_id, amount=event.amount, debit=event.debit, excess=event.excess)
            return replace(taken, refunds=(*taken.refunds, refund))
        case RefundReversed(refund_id=refund_id, returned=returned):
            refunds = (
                replace(refund, returned=returned) if refund.refund_id == refund_id else refund
                for refund in taken.refunds
            )
            return replace(taken, refunds=tuple(refunds))
        case DisputeOpened(dispute_id=dispute_id, claim=claim):
            return replace(taken, disputes=(*taken.disputes, Dispute(dispute_id=dispute_id, claim=claim)))
        case DisputeRaised(claim=claim) | DisputeReduced(claim=claim):
            return _with_dispute(taken, event.dispute_id, claim=claim)
        case DisputeWon(returned=returned):
            return _with_dispute(taken, event.dispute_id, result=DisputeResult.WON, returned=returned)
        case DisputeLost():
            return _with_dispute(taken, event.dispute_id, result=DisputeResult.LOST)
        case DisputeReversed(returned=returned, left=left):
            if left is not None:
                return _with_dispute(taken, event.dispute_id, claim=left, reversed_in_part=True)
            return _with_dispute(taken, event.dispute_id, result=DisputeResult.WON, returned=returned)
        case _:
            assert_never(event)


def _with_dispute(taken: CapturedFunds, dispute_id: DisputeId, **changes: Any) -> CapturedFunds:
    disputes = tuple(
        replace(dispute, **changes) if dispute.dispute_id == dispute_id else dispute for dispute in taken.disputes
    )
    return replace(taken, disputes=disputes)
