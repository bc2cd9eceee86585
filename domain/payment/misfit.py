"""A provider's answer that does not fit what was asked is recorded once, as a fact of the payment."""

from collections.abc import Sequence

from domain.payment.events import ContradictionReported, OperationKind, PaymentEvent
from domain.payment.outcome import Unknown
from domain.payment.progress import Operation
from domain.payment.stated import Asked, Movement

MOVEMENTS = {
    OperationKind.AUTHORIZE: Movement.RESERVED,
    OperationKind.CAPTURE: Movement.TAKEN,
    OperationKind.VOID: Movement.RELEASED,
    OperationKind.REFUND: Movement.GIVEN_BACK,
}


def asked_of(operation: Operation, about: OperationKind) -> Asked:
    """What was asked by `operation`, as far as it can be compared with what is said of an operation of kind `about`.

    Whatever is said of a charge has to name it; its amount is that of the operation which is spoken of. What a void
    releases is all that is left, whose amount nobody recorded.
    """
    at_once = operation.capture and about is OperationKind.CAPTURE
    is_spoken_of = (operation.kind is about or at_once) and about is not OperationKind.VOID
    return Asked(
        operation_id=operation.operation_id,
        charge=operation.reference,
        amount=operation.amount if is_spoken_of else None,
        movement=MOVEMENTS[about],
    )


def misfit_reported(
    events: Sequence[PaymentEvent], operation: Operation, reason: str
) -> tuple[ContradictionReported, ...]:
    """The event that says so; none where the same was reported before."""
    match operation.succeeded:
        case None:
            recorded = "open"
        case True:
            recorded = "succeeded"
        case False:
            recorded = f"failed: {operation.code}"
    reported = ContradictionReported(
        operation_id=operation.operation_id,
        operation=operation.kind,
        provider=operation.provider,
        recorded=recorded,
        reported=Unknown(reason),
    )
    return () if reported in events else (reported,)
