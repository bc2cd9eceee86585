"""The kind, ids and provider of an operation in flight, and the meaning of its outcome."""

from domain.identifiers import OperationId, ProviderName
from domain.payment.events import FailureKind, OperationKind, OperationOutcomeUnknown
from domain.payment.outcome import ActionRequired, Declined, Outcome, Refusal, Rejected, Unavailable, Unknown
from domain.payment.state import Capturing, InFlight, Processing, Refunding, RequiresAction, Voiding


def operation_of(payment: InFlight) -> OperationKind:
    """The kind of the operation in flight."""
    match payment:
        case Processing():
            return OperationKind.AUTHORIZE
        case Capturing():
            return OperationKind.CAPTURE
        case Voiding():
            return OperationKind.VOID
        case Refunding():
            return OperationKind.REFUND


def operation_id_of(payment: InFlight) -> OperationId:
    """The id under which the provider knows the operation: its idempotency key there."""
    match payment:
        case Processing(attempt=attempt):
            return attempt.attempt_id
        case Capturing(capture_id=operation_id):
            return operation_id
        case Voiding(void_id=operation_id):
            return operation_id
        case Refunding(refund_id=operation_id):
            return operation_id


def claim_id_of(payment: InFlight | RequiresAction) -> OperationId:
    """The id of the merchant's command that the operation serves: the first attempt's, or the operation's own."""
    match payment:
        case Processing(tried=(first, *_)):
            return first.attempt_id
        case RequiresAction(attempt=attempt):
            return attempt.attempt_id
        case _:
            return operation_id_of(payment)


def provider_of(payment: InFlight | RequiresAction) -> ProviderName:
    """The provider that the operation is at."""
    match payment:
        case Processing(attempt=attempt) | RequiresAction(attempt=attempt):
            return attempt.provider
        case Capturing(before=before) | Voiding(before=before) | Refunding(before=before):
            return before.authorization.provider


def outcome_of(payment: InFlight | RequiresAction, answer: Outcome) -> Outcome:
    """The outcome of the whole operation, given the provider's `answer` to one request.

    `Unavailable` speaks for that request alone: once an earlier one may have taken effect, or nobody has known for so
    long that it is in doubt, the outcome stays unknown.
    """
    match answer:
        case Unavailable(reason=reason) if (
            isinstance(payment, RequiresAction) or payment.outcome_unknown or payment.in_doubt
        ):
            return Unknown(reason)
        case _:
            return answer


def outcome_unknown(payment: InFlight, outcome: Unknown | ActionRequired) -> tuple[OperationOutcomeUnknown, ...]:
    """The fact that we lost sight of the operation, recorded once however often we look in vain.

    A customer cannot act on a capture, void or refund: a provider that asks for it has not said what it did.
    """
    if payment.outcome_unknown:
        return ()
    reason = outcome.reason if isinstance(outcome, Unknown) else "the provider asks for a customer action"
    return (
        OperationOutcomeUnknown(operation_id=operation_id_of(payment), operation=operation_of(payment), reason=reason),
    )


def failure_of(outcome: Refusal) -> tuple[FailureKind, str, str]:
    """A refusal's kind, code and message, as the failure events carry them."""
    match outcome:
        case Declined(code=code, message=message):
            return FailureKind.DECLINED, code, message
        case Rejected(code=code, message=message):
            return FailureKind.REJECTED, code, message
        case Unavailable(reason=reason):
            return FailureKind.UNAVAILABLE, "provider_unavailable", reason
