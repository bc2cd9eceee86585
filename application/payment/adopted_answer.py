"""A retry of a command whose operation was adopted from a provider is answered as the first time was: a restored store
has lost that answer, and must not repeat the operation."""

from typing import assert_never

from application.payment.answers import Answers
from application.payment.loaded import loaded_from, payment_events
from application.write.caller import Answered, Caller
from application.write.idempotency import IdempotencyKeyReused, answer_again
from application.write.store import Append, Appended, EventStore, KeyUsed, LimitBroken, Verb, VersionConflict
from domain.identifiers import OperationId, PaymentId
from domain.payment.events import OperationAdopted, OperationKind
from domain.payment.state import (
    Authorized,
    Captured,
    Capturing,
    InFlight,
    PartiallyCaptured,
    Payment,
    Refunding,
    Voiding,
    captured_funds_of,
)


def has_taken(payment: Payment, operation_id: OperationId) -> bool:
    """Whether the operation is a capture or refund of the payment that has succeeded."""
    taken = captured_funds_of(payment)
    if taken is None:
        return False
    return taken.refund(operation_id) is not None or any(one.capture_id == operation_id for one in taken.captures)


async def answer_adopted(
    store: EventStore,
    answers: Answers,
    verb: Verb,
    payment_id: PaymentId,
    operation_id: OperationId,
    caller: Caller,
    amount_minor: int | None,
) -> Answered | None:
    """The answer to the command whose operation was adopted under its own id, kept with its key from now on; None where
    no such operation was. Raises IdempotencyKeyReused where it was of another amount, StoreUnavailable."""
    history = await store.history(payment_id)
    events = tuple(payment_events(history))
    places = [
        place
        for place, event in enumerate(events)
        if isinstance(event, OperationAdopted) and event.operation_id == operation_id
    ]
    if not places:
        return None
    [place] = places
    adopted = events[place]
    assert isinstance(adopted, OperationAdopted)
    if amount_minor not in (None, adopted.amount.minor):
        raise IdempotencyKeyReused()
    before = loaded_from(payment_id, history[:place])
    asked = before.with_payment(_in_flight(before.payment, adopted))
    answer = answers(verb, operation_id, asked, (events[place + 1],))
    claim = caller.claim(verb, operation_id, payment_id, answer=answer, unresolved=False)
    result = await store.append(Append(events=(), claim=claim))
    match result:
        case Appended():
            return Answered(status=answer.status, body=answer.body, position=history[place + 1].position)
        case KeyUsed(claim=first):
            return await answer_again(store, first, caller)
        case VersionConflict() | LimitBroken():
            raise AssertionError(f"a claim alone cannot be refused with {type(result).__name__}")
        case _:
            assert_never(result)


def _in_flight(before: Payment, adopted: OperationAdopted) -> InFlight:
    """The payment as it was while the operation was at the provider."""
    match adopted.operation:
        case OperationKind.CAPTURE:
            assert isinstance(before, Authorized | PartiallyCaptured)
            return Capturing(before=before, capture_id=adopted.operation_id, amount=adopted.amount, final=True)
        case OperationKind.VOID:
            assert isinstance(before, Authorized | PartiallyCaptured)
            return Voiding(before=before, void_id=adopted.operation_id)
        case OperationKind.REFUND:
            assert isinstance(before, PartiallyCaptured | Captured)
            return Refunding(before=before, refund_id=adopted.operation_id, amount=adopted.amount, debit=None)
        case OperationKind.AUTHORIZE:
            raise AssertionError("no authorisation is adopted")
        case _:
            assert_never(adopted.operation)
