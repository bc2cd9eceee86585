"""A provider's notification changes a payment no further than it proves, however late, often, or out of order it comes.

A notification that may be about our open operation without naming it causes a look-up; one that no operation explains
was made at the provider, and is adopted; one that contradicts a recorded outcome changes nothing, and is reported.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from domain.derivation import is_derived
from domain.identifiers import OperationId, ProviderName
from domain.money.money import Money
from domain.payment.adopt import AdoptOperation, called
from domain.payment.events import ContradictionReported, OperationKind, PaymentEvent
from domain.payment.misfit import asked_of, misfit_reported
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
from domain.payment.reading import (
    Adopts,
    AsksForLookup,
    ChangesNothing,
    Contradicts,
    NotYetApplicable,
    Reading,
    Reverses,
    Settles,
)
from domain.payment.reverse_refund import ReverseRefund
from domain.payment.state import (
    Authorized,
    InFlight,
    PartiallyCaptured,
    Payment,
    Refunding,
    RequiresAction,
    captured_funds_of,
    terms_of,
)
from domain.payment.stated import Stated, misfit_of

CANCELED = Declined(DECLINE_CODE_CANCELED, "The provider canceled it.")
LOST = "asked for in a time that this store has lost"
MADE_AT_PROVIDER = "made at the provider, and not asked for here"


class Notice(Struct, frozen=True, kw_only=True):
    """What `provider` says of one of our operations. `about` is what it speaks of: that a charge is authorised says
    nothing yet of one that is to be captured at once. `operation_id` or `reference`, its name for the charge, or both
    say which operation is meant. `own_reference` is its name for the capture, void or refund itself, and `amount` that
    of the operation, both where it says so. `closes` says of a capture whether anything is reserved behind it."""

    provider: ProviderName
    about: OperationKind
    outcome: Outcome
    operation_id: OperationId | None
    reference: str | None
    own_reference: str | None = None
    amount: Money | None = None
    closes: bool | None = None


def read_notice(payment: Payment, events: Sequence[PaymentEvent], notice: Notice) -> Reading:
    """The meaning of `notice` for the payment, whose whole history is `events`."""
    operations = operations_of(events)
    operation = _meant(operations, notice)
    open_id = _open_id(payment)
    if operation is None:
        return NotYetApplicable("we asked this provider for no such operation")
    asked = asked_of(operation, notice.about)
    misfit = misfit_of(asked, notice.outcome, Stated(charge=notice.reference, amount=notice.amount))
    if misfit is not None:
        reason = f"we {asked}; {misfit}"
        return Contradicts(misfit_reported(events, operation, reason), reason)
    if operation.kind is not notice.about and not _is_about_its_charge(operation, notice):
        # Some providers name the charge, not the capture, void or refund of it.
        return _of_charge(payment, events, operations, operation, notice)
    if operation.operation_id == open_id:
        return _of_open(payment, operation, notice)
    return _of_ended(events, operation, notice)


def of_another_payment(events: Sequence[PaymentEvent], notice: Notice) -> Contradicts:
    """The meaning of a notice that names an operation of the payment with the history `events`, and another charge."""
    operation = _meant(operations_of(events), notice)
    assert operation is not None
    asked = asked_of(operation, notice.about)
    reason = f"we {asked}; the provider speaks of charge {notice.reference}, which is another payment's"
    return Contradicts(misfit_reported(events, operation, reason), reason)


def _of_charge(
    payment: Payment,
    events: Sequence[PaymentEvent],
    operations: Mapping[OperationId, Operation],
    charge: Operation,
    notice: Notice,
) -> Reading:
    """What names no operation of ours but the `charge`: of one on record by the provider's own name for it; or of one
    that may be the open one; or else of one that was made at the provider."""
    known = None if notice.own_reference is None else called(operations, notice.about, notice.own_reference)
    if known is not None:
        return _of_known(events, known, notice)
    open_id = _open_id(payment)
    if open_id == charge.operation_id:
        return NotYetApplicable(f"its {charge.kind} is open, and no {notice.about} of it was asked for")
    if isinstance(notice.outcome, Approved) and not _holds(operations, charge):
        if notice.about is OperationKind.VOID:
            return ChangesNothing("nothing is reserved any more")
        return NotYetApplicable(f"the provider has done a {notice.about} of a charge that came to nothing here")
    if open_id is not None and (notice.about is not OperationKind.REFUND or isinstance(payment, Refunding)):
        return AsksForLookup()
    match notice.outcome:
        case Approved():
            return _done_elsewhere(payment, operations, charge, notice)
        case Declined(message=message) | Rejected(message=message) if _refused_elsewhere(payment, operations, notice):
            assert notice.own_reference is not None
            return Adopts(_adoption(operations, notice, notice.own_reference, failed=message))
        case _:
            return ChangesNothing(f"no {notice.about} is open, and none was done")


def _of_known(events: Sequence[PaymentEvent], operation: Operation, notice: Notice) -> Reading:
    """The same name with the same content is a repeat; with another amount it is none."""
    if notice.about is not OperationKind.VOID and notice.amount not in (None, operation.amount):
        told = f"the {operation.kind} {notice.own_reference} is one of {operation.amount} for us"
        return Contradicts((), f"{told}, and the provider says {notice.amount}")
    return _of_ended(events, operation, notice)


def _done_elsewhere(
    payment: Payment, operations: Mapping[OperationId, Operation], charge: Operation, notice: Notice
) -> Reading:
    about, amount = notice.about, notice.amount
    if about is OperationKind.VOID:
        # What was voided, has expired, or was released behind a final capture is told as a void, too.
        if not isinstance(payment, Authorized | PartiallyCaptured):
            return ChangesNothing("nothing is reserved any more")
        # A void has no name of its own at some providers, and the notification may name our operation alone.
        reference = notice.own_reference or charge.reference
        assert reference is not None, "a charge that holds something has a name"
        return Adopts(_adoption(operations, notice, reference))
    told = f"the provider has done a {about} that nobody asked for here"
    if any(_took_at_once(one, notice) for one in operations.values() if one.succeeded):
        return ChangesNothing("it was captured at once")
    if notice.own_reference is None and any(_explains(one, notice) for one in operations.values()):
        return ChangesNothing(f"a {about} of it is on record, and none is open")
    if amount is None:
        return NotYetApplicable(f"{told}, and does not say how much")
    if notice.own_reference is None:
        return NotYetApplicable(f"{told}, and has no name of its own for it")
    if amount.currency != terms_of(payment).amount.currency:
        return Contradicts((), f"{told}, of {amount}, which is not in the payment's currency")
    return Adopts(_adoption(operations, notice, notice.own_reference))


def _explains(operation: Operation, notice: Notice) -> bool:
    """Whether what says neither which nor how much may be that operation. What says how much is none that was asked for
    here: that would be named."""
    if operation.kind is not notice.about or not operation.succeeded:
        return False
    return notice.amount is None or (operation.adopted and operation.amount == notice.amount)


def _refused_elsewhere(payment: Payment, operations: Mapping[OperationId, Operation], notice: Notice) -> bool:
    """Whether a refund failed that was made at the provider. That it ever succeeded may be heard of later, and has to
    find it failed; one of ours that failed may have got no name of the provider's, and be the same."""
    return (
        notice.about is OperationKind.REFUND
        and notice.own_reference is not None
        and notice.amount is not None
        and captured_funds_of(payment) is not None
        and not any(one.kind is OperationKind.REFUND and one.own_reference is None for one in operations.values())
    )


def _adoption(
    operations: Mapping[OperationId, Operation], notice: Notice, reference: str, *, failed: str | None = None
) -> AdoptOperation:
    named = notice.operation_id
    is_lost = named is not None and is_derived(named) and named not in operations
    return AdoptOperation(
        kind=notice.about,
        provider=notice.provider,
        reference=reference,
        amount=notice.amount,
        reason=LOST if is_lost else MADE_AT_PROVIDER,
        closes=notice.closes,
        failed=failed,
        asked_as=named if is_lost else None,
    )


def _holds(operations: Mapping[OperationId, Operation], charge: Operation) -> bool:
    """Whether it is the charge of the attempt that succeeded."""
    attempts = (one for one in operations.values() if one.kind is OperationKind.AUTHORIZE and one.succeeded)
    return any((one.provider, one.reference) == (charge.provider, charge.reference) for one in attempts)


def _took_at_once(operation: Operation, notice: Notice) -> bool:
    return operation.capture and notice.about is OperationKind.CAPTURE and notice.amount in (None, operation.amount)


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
        case ActionRequired(reference=reference, action=action) if isinstance(payment, InFlight):
            return Settles(operation.operation_id, ActionRequired(notice.reference or reference, action))
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
    if isinstance(notice.outcome, Declined | Rejected) and _is_that_refund(operation, notice):
        return Reverses(_reversal(operation, notice.outcome))
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


def _is_that_refund(operation: Operation, notice: Notice) -> bool:
    """Whether it is by the provider's own name for the refund that it failed: a refusal under another one, or none, may
    be that of a repeat of ours."""
    return (
        operation.kind is OperationKind.REFUND
        and notice.own_reference is not None
        and notice.own_reference == operation.own_reference
        and notice.amount in (None, operation.amount)
    )


def _reversal(operation: Operation, outcome: Declined | Rejected) -> ReverseRefund:
    assert operation.own_reference is not None
    return ReverseRefund(
        refund_id=operation.operation_id,
        reference=operation.own_reference,
        code=outcome.code,
        message=outcome.message,
    )


def _says_the_same(event: PaymentEvent, reported: ContradictionReported) -> bool:
    """Whether the contradiction is on record already, in whatever words the provider put it then."""
    return (
        isinstance(event, ContradictionReported)
        and event.operation_id == reported.operation_id
        and not isinstance(event.reported, Unknown)
        and isinstance(event.reported, Approved) is isinstance(reported.reported, Approved)
    )
