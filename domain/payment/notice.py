"""What a provider's notification makes of a payment, however late, often, or out of order it comes.

Nothing that it says is taken for more than it proves: what does not name an open operation of ours is at most a reason
to ask, and what contradicts an outcome on record changes nothing but is never passed over in silence.
"""

from collections.abc import Sequence

from msgspec import Struct

from domain.identifiers import OperationId, ProviderName
from domain.money import Money
from domain.payment.events import ContradictionReported, OperationKind, PaymentEvent
from domain.payment.operation import operation_id_of
from domain.payment.outcome import (
    DECLINE_CODE_CANCELED,
    ActionRequired,
    Approved,
    Declined,
    Outcome,
    Rejected,
    Unavailable,
    Unknown,
)
from domain.payment.progress import Operation, operations_of
from domain.payment.state import Authorized, InFlight, PartiallyCaptured, Payment, RequiresAction

CANCELED = Declined(DECLINE_CODE_CANCELED, "The provider canceled it.")


class Notice(Struct, frozen=True, kw_only=True):
    """What `provider` says of one of our operations. `about` is what it speaks of: that a charge is authorised says
    nothing yet of one that is to be captured at once. `operation_id` or `reference`, its name for the charge, or both
    say which operation is meant. `own_reference` is its name for the capture, void or refund itself, and `amount` that
    of the operation, both where it says so."""

    provider: ProviderName
    about: OperationKind
    outcome: Outcome
    operation_id: OperationId | None
    reference: str | None
    own_reference: str | None = None
    amount: Money | None = None


class Settles(Struct, frozen=True):
    """It is the outcome of an operation that is open."""

    operation_id: OperationId
    outcome: Outcome


class AsksForLookup(Struct, frozen=True):
    """It may concern the operation that is open, and does not name it: the provider has to be asked."""


class ChangesNothing(Struct, frozen=True):
    """It says what we know, or less than we know."""

    reason: str


class Premature(Struct, frozen=True):
    """It speaks of something we have not asked for, or not yet: it may make sense later."""

    reason: str


class Contradicts(Struct, frozen=True):
    """It says the opposite of what is on record. `events` is empty when that was reported before."""

    events: tuple[ContradictionReported, ...]
    reason: str


Reading = Settles | AsksForLookup | ChangesNothing | Premature | Contradicts


def read_notice(payment: Payment, events: Sequence[PaymentEvent], notice: Notice) -> Reading:
    """What `notice` means for the payment, whose whole history is `events`."""
    operations = operations_of(events)
    operation = _meant(operations, notice)
    open_id = _open_id(payment)
    if operation is None:
        return Premature("we asked this provider for no such operation")
    if operation.kind is not notice.about and not _is_about_its_charge(operation, notice):
        if open_id == operation.operation_id:
            return Premature(f"its {operation.kind} is open, and no {notice.about} of it was asked for")
        # Some providers name the charge, not the capture, void or refund of it.
        if open_id is not None:
            return AsksForLookup()
        return _of_charge(payment, operations, notice)
    if operation.operation_id == open_id:
        return _of_open(payment, operation, notice)
    return _of_ended(events, operation, notice)


def _of_charge(payment: Payment, operations: dict[OperationId, Operation], notice: Notice) -> Reading:
    """What names the charge alone, while nothing of it is open: news only where nothing on record explains it."""
    if not isinstance(notice.outcome, Approved):
        return ChangesNothing(f"no {notice.about} is open, and none was done")
    if notice.about is OperationKind.VOID:
        # What was voided, has expired, or was released behind a final capture is told as a void, too.
        if not isinstance(payment, Authorized | PartiallyCaptured):
            return ChangesNothing("nothing is reserved any more")
    elif any(one.succeeded and (one.kind is notice.about or _took_at_once(one, notice)) for one in operations.values()):
        return ChangesNothing(f"a {notice.about} of it is on record, and none is open")
    return Premature(f"the provider has done a {notice.about} that nobody asked for here")


def _took_at_once(operation: Operation, notice: Notice) -> bool:
    return operation.capture and notice.about is OperationKind.CAPTURE


def _open_id(payment: Payment) -> OperationId | None:
    match payment:
        case RequiresAction(attempt=attempt):
            return attempt.attempt_id
        case _:
            return operation_id_of(payment) if isinstance(payment, InFlight) else None


def _meant(operations: dict[OperationId, Operation], notice: Notice) -> Operation | None:
    named = None if notice.operation_id is None else operations.get(notice.operation_id)
    if named is None and notice.reference is not None:
        of_charge = [one for one in operations.values() if one.reference == notice.reference]
        named = of_charge[0] if of_charge else None
    return named if named is not None and named.provider == notice.provider else None


def _is_about_its_charge(operation: Operation, notice: Notice) -> bool:
    """An attempt also hears of the capture that it asked for, and of being canceled before it came to anything."""
    if operation.kind is not OperationKind.AUTHORIZE:
        return False
    return (notice.about is OperationKind.CAPTURE and operation.capture) or (
        notice.about is OperationKind.VOID and operation.succeeded is None
    )


def _of_open(payment: Payment, operation: Operation, notice: Notice) -> Reading:
    outcome = notice.outcome
    if notice.about is OperationKind.VOID and operation.kind is OperationKind.AUTHORIZE:
        return (
            Settles(operation.operation_id, CANCELED)
            if isinstance(outcome, Approved)
            else ChangesNothing("it was not canceled")
        )
    match outcome:
        case Approved(reference=reference):
            if operation.capture and notice.about is OperationKind.AUTHORIZE:
                return ChangesNothing("it is authorised, and still has to be captured")
            if operation.kind is OperationKind.AUTHORIZE and notice.reference is not None:
                reference = notice.reference
            return Settles(operation.operation_id, Approved(reference))
        case Declined() | Rejected():
            return Settles(operation.operation_id, outcome)
        case ActionRequired() if isinstance(payment, InFlight):
            return Settles(operation.operation_id, outcome)
        case ActionRequired() | Unknown() | Unavailable():
            return ChangesNothing("it tells no outcome")


def _of_ended(events: Sequence[PaymentEvent], operation: Operation, notice: Notice) -> Reading:
    match notice.outcome:
        case Approved():
            says = True
        case Declined() | Rejected():
            says = False
        case _:
            return ChangesNothing("the outcome is known since")
    if says == operation.succeeded:
        return ChangesNothing("the outcome is known already")
    ended = "succeeded" if operation.succeeded else f"failed: {operation.code}"
    reported = ContradictionReported(
        operation_id=operation.operation_id,
        operation=operation.kind,
        provider=operation.provider,
        recorded=ended,
        reported=notice.outcome,
    )
    reason = f"the {operation.kind} {ended} for us, and the provider says the opposite"
    return Contradicts(() if any(_says_the_same(event, reported) for event in events) else (reported,), reason)


def _says_the_same(event: PaymentEvent, reported: ContradictionReported) -> bool:
    """Whether the contradiction is on record already, in whatever words the provider put it then."""
    return (
        isinstance(event, ContradictionReported)
        and event.operation_id == reported.operation_id
        and isinstance(event.reported, Approved) is isinstance(reported.reported, Approved)
    )
