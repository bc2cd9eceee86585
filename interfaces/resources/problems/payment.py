"""The problems of payments and their refunds."""

from typing import Final

from application.payment.cancellation import CancellationRefused, CancellationUnanswered
from application.payment.in_doubt import BeingAsked, MayYetBeAnswered, NotInDoubt
from application.payment.loaded import PaymentNotFound
from application.payment.lost_charges import ChargeUncertain
from application.write.append import TooManyConflicts
from domain.payment.abandon import ActionStillPossible
from domain.payment.adopt import OperationDiffers
from domain.payment.capture import AuthorizationLapsed, CaptureExceedsAuthorized
from domain.payment.expire import AuthorizationStillValid
from domain.payment.refund import RefundExceedsCaptured
from domain.payment.refusals import IllegalTransition, OperationInProgress
from domain.payment.reverse_refund import RefundUnknown
from interfaces.resources.problems.problem import problem, retry_after, retry_after_of
from interfaces.resources.refusals import RefundNotFound

PROBLEMS: Final = (
    problem(PaymentNotFound, 404, "payment_not_found", "No such payment", "You have no payment with this id."),
    problem(RefundNotFound, 404, "refund_not_found", "No such refund", "You have no refund with this id."),
    problem(
        IllegalTransition,
        409,
        "illegal_transition",
        "The payment's status does not allow this",
        lambda e: f"A payment that is {e.status} cannot {e.verb}.",
        facts=lambda e: {"current_status": e.status},
    ),
    problem(
        OperationInProgress,
        409,
        "operation_in_progress",
        "Another operation is at the provider",
        lambda e: f"The payment's {e.operation} has no outcome yet; {e.verb} has to wait for it.",
        facts=lambda e: {"current_status": e.status},
        headers=retry_after(1),
    ),
    problem(
        TooManyConflicts,
        409,
        "concurrent_update",
        "The payment keeps changing",
        "Other requests kept changing the payment first. Nothing was done; try again.",
        headers=retry_after(1),
    ),
    problem(
        AuthorizationLapsed,
        409,
        "authorization_lapsed",
        "The authorisation has run out",
        lambda e: f"The authorisation ran out at {e.expired_at.isoformat()}.",
        facts=lambda e: {"current_status": e.status},
    ),
    problem(
        OperationDiffers,
        409,
        "operation_differs",
        "The provider's name is on record with other content",
        lambda e: (
            f"The {e.operation} {e.reference} differs in {e.what} from what is on record: {e.ours} there, "
            f"not {e.theirs}."
        ),
    ),
    problem(
        RefundUnknown,
        404,
        "refund_unknown",
        "No such refund",
        lambda e: f"No refund of the payment that succeeded is called {e.refund} by its provider.",
    ),
    problem(
        AuthorizationStillValid,
        409,
        "authorization_still_valid",
        "The authorisation has not run out",
        lambda e: f"The authorisation runs until {e.expires_at.isoformat()}.",
    ),
    problem(
        ActionStillPossible,
        409,
        "action_still_possible",
        "The customer can still act",
        lambda e: f"The customer has until {e.expires_at.isoformat()}.",
    ),
    problem(
        CancellationRefused,
        409,
        "cancellation_refused",
        "The provider does not cancel it",
        "The provider does not cancel the attempt, which the customer can still approve. Wait for the customer, or "
        "until the time to act is over.",
    ),
    problem(
        CancellationUnanswered,
        503,
        "cancellation_unanswered",
        "The provider did not answer",
        "The provider has not said that it canceled the attempt, which the customer may still be able to approve. Ask "
        "again with the same idempotency key.",
        headers=retry_after_of,
    ),
    problem(
        ChargeUncertain,
        503,
        "charge_uncertain",
        "A provider did not answer",
        lambda e: (
            f"After a restore, {e.provider} has not said whether it has a charge of this payment already, and nobody "
            "was asked for another one. Ask again with the same idempotency key."
        ),
        headers=retry_after_of,
    ),
    problem(
        NotInDoubt,
        409,
        "not_in_doubt",
        "Nothing is in doubt",
        lambda e: f"No operation of the payment, which is {e.status}, has an unknown outcome.",
        facts=lambda e: {"current_status": e.status},
    ),
    problem(
        BeingAsked,
        409,
        "being_asked",
        "The provider is being asked",
        lambda e: f"The provider is being asked for the operation right now; try again in {e.again_in_s} s.",
    ),
    problem(
        MayYetBeAnswered,
        409,
        "may_yet_be_answered",
        "The provider may yet answer",
        lambda e: f"The provider may still be about to answer; if it does not, try again in {e.again_in_s} s.",
    ),
    problem(
        CaptureExceedsAuthorized,
        422,
        "capture_exceeds_authorized",
        "More than is authorised",
        lambda e: f"{e.requested} is more than the {e.capturable} that can still be captured.",
        field="amount",
    ),
    problem(
        RefundExceedsCaptured,
        422,
        "refund_exceeds_captured",
        "More than was taken",
        lambda e: f"{e.requested} is more than the {e.refundable} that can still be refunded.",
        field="amount",
    ),
)
