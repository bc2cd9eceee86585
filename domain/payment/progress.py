"""The operations of a payment, in the order asked for and with their ends, are read off its events."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from domain.identifiers import OperationId, ProviderName
from domain.money.money import Money
from domain.payment.events import (
    CaptureFailed,
    CaptureStarted,
    OperationAdopted,
    OperationKind,
    PaymentActionRequired,
    PaymentAttemptFailed,
    PaymentAttemptStarted,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentEvent,
    PaymentRefunded,
    PaymentVoided,
    RefundFailed,
    RefundReversed,
    RefundStarted,
    VoidFailed,
    VoidStarted,
)


class Operation(Struct, frozen=True, kw_only=True):
    """One request to a provider. `capture` is true of an attempt that takes the money at once; `succeeded` is None
    while it is open; `code` says why it failed; `reference` is the provider's name for the charge it belongs to, and
    `own_reference` its name for the capture, void or refund itself, once that is known. `adopted` is one that was made
    at the provider, and not asked for here."""

    operation_id: OperationId
    kind: OperationKind
    provider: ProviderName
    capture: bool = False
    reference: str | None = None
    own_reference: str | None = None
    amount: Money | None = None
    adopted: bool = False
    succeeded: bool | None = None
    code: str | None = None


def operations_of(events: Iterable[PaymentEvent]) -> dict[OperationId, Operation]:
    """The operations of one payment, by id, oldest first."""
    operations: dict[OperationId, Operation] = {}
    charge: Operation | None = None

    def start(operation_id: OperationId, kind: OperationKind, amount: Money | None = None) -> None:
        assert charge is not None
        operations[operation_id] = Operation(
            operation_id=operation_id, kind=kind, provider=charge.provider, reference=charge.reference, amount=amount
        )

    def end(operation_id: OperationId, *, succeeded: bool, code: str | None = None) -> None:
        operations[operation_id] = replace(operations[operation_id], succeeded=succeeded, code=code)

    def name(operation_id: OperationId, own_reference: str, amount: Money) -> None:
        operations[operation_id] = replace(operations[operation_id], own_reference=own_reference, amount=amount)

    for event in events:
        match event:
            case PaymentAttemptStarted(attempt_id=attempt_id):
                operations[attempt_id] = Operation(
                    operation_id=attempt_id,
                    kind=OperationKind.AUTHORIZE,
                    provider=event.provider,
                    capture=event.capture,
                    amount=event.amount,
                )
            case PaymentActionRequired(attempt_id=attempt_id, reference=reference):
                operations[attempt_id] = replace(operations[attempt_id], reference=reference)
            case PaymentAuthorized(attempt_id=attempt_id, reference=reference):
                charge = replace(operations[attempt_id], reference=reference, amount=event.amount, succeeded=True)
                operations[attempt_id] = charge
            case PaymentAttemptFailed(attempt_id=operation_id, code=code):
                end(operation_id, succeeded=False, code=code)
            case CaptureStarted(capture_id=operation_id, amount=amount):
                start(operation_id, OperationKind.CAPTURE, amount)
            case VoidStarted(void_id=operation_id):
                start(operation_id, OperationKind.VOID)
            case RefundStarted(refund_id=operation_id, amount=amount):
                start(operation_id, OperationKind.REFUND, amount)
            case OperationAdopted(operation_id=operation_id, amount=amount):
                start(operation_id, event.operation, amount)
                operations[operation_id] = replace(operations[operation_id], adopted=True)
                name(operation_id, event.reference, amount)
            case (
                PaymentCaptured(capture_id=operation_id, reference=reference)
                | PaymentRefunded(refund_id=operation_id, reference=reference)
            ):
                end(operation_id, succeeded=True)
                name(operation_id, reference, event.amount)
            case PaymentVoided(void_id=operation_id):
                end(operation_id, succeeded=True)
            case (
                CaptureFailed(capture_id=operation_id, code=code)
                | VoidFailed(void_id=operation_id, code=code)
                | RefundFailed(refund_id=operation_id, code=code)
                | RefundReversed(refund_id=operation_id, code=code)
            ):
                end(operation_id, succeeded=False, code=code)
            case _:
                pass
    return operations
