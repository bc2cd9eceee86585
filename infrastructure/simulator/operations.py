"""An operation takes effect once for each idempotency key, with effect, answer and announcement in one transaction."""

import time
from http import HTTPStatus
from typing import Final, assert_never
from uuid import uuid4

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from infrastructure.simulator.actions import action
from infrastructure.simulator.announce import announce, announce_charge
from infrastructure.simulator.books import Books, Pending, StoredOperation
from infrastructure.simulator.charges import Charge, Decision, approved, captured, refunded, voided
from infrastructure.simulator.tokens import (
    TRY_AGAIN_LATER,
    Later,
    Manner,
    Operation,
    Refusal,
    ScriptedBehaviour,
    charge_behaviour,
    movement_behaviour,
)
from infrastructure.simulator.wire import (
    Body,
    CaptureBody,
    ChargeAnswer,
    ChargeBody,
    ErrorAnswer,
    MovementAnswer,
    MovementBody,
    RefundBody,
    VoidBody,
)

ID_PREFIXES: Final = {Operation.CAPTURE: "cap", Operation.VOID: "vo", Operation.REFUND: "re"}
NO_CHARGE_YET: Final = ""
"""The charge id in a request that creates its charge itself."""
ACCEPTED: Final = "accepted"
"""The status of a movement that is not done yet."""

KEY_REUSED: Final = Refusal("idempotency_key_reuse", "Another request has this key.")
NO_SUCH_CHARGE: Final = Refusal("charge_not_found", "No such charge.")
CANCELED: Final = Refusal("canceled", "The charge was canceled before its customer decided.")


class Answer(Struct, frozen=True, kw_only=True):
    """The answer to a request, and the manner in which it leaves."""

    http_status: int
    body: bytes
    manner: Manner = Manner.AT_ONCE
    replayed: bool = False


def perform(books: Books, key: str, charge_id: str, body: Body) -> Answer:
    """Carry out `body` on the charge.

    For a used `key`, return the stored answer, or refuse a different request.
    """
    request = msgspec.json.encode((body.operation, charge_id, body))
    with books.transaction():
        stored = books.operation(key)
        if stored is not None:
            if stored.request != request:
                return _refused(HTTPStatus.CONFLICT, KEY_REUSED)
            return Answer(http_status=stored.http_status, body=stored.answer, replayed=True)
        answer = _charge(books, key, body) if isinstance(body, ChargeBody) else _move(books, key, charge_id, body)
        books.add_operation(key, StoredOperation(body.operation, request, answer.http_status, answer.body))
        return answer


def charge_answer(charge: Charge) -> bytes:
    """The answer to the request that created `charge`."""
    answer = ChargeAnswer(
        id=charge.id,
        status=charge.status,
        reference=charge.reference,
        currency=charge.currency,
        authorized=charge.authorized,
        captured=charge.captured,
        action=charge.action if charge.decision is Decision.REQUIRES_ACTION else None,
        operation_key=charge.key,
    )
    return msgspec.json.encode(answer)


def error_answer(refusal: Refusal) -> bytes:
    return msgspec.json.encode(ErrorAnswer(refusal))


def _charge(books: Books, key: str, body: ChargeBody) -> Answer:
    behaviour = charge_behaviour(body.method, body.token)
    if behaviour.refusal is None and books.dice.hits(books.dice.faults.decline_percent):
        behaviour = ScriptedBehaviour(refusal=TRY_AGAIN_LATER)
    charge = Charge(
        id=f"ch_{uuid4().hex}",
        reference=body.reference,
        currency=body.currency,
        token=body.token,
        authorized=0,
        key=key,
    )
    if behaviour.refusal is not None:
        # The charge's id appears only in the announcement: the books list only charges that could have moved money.
        announce_charge(books, replace(charge, decision=Decision.DECLINED), body.amount, behaviour.refusal)
        return _refused(HTTPStatus.PAYMENT_REQUIRED, behaviour.refusal, behaviour.manner)
    if behaviour.later is not None:
        return _waits_for_customer(books, charge, body, behaviour.later)
    charge = approved(charge, body.amount, capture=body.capture)
    books.put_charge(charge)
    announce_charge(books, charge, body.amount)
    return Answer(http_status=HTTPStatus.CREATED, body=charge_answer(charge), manner=behaviour.manner)


def _waits_for_customer(books: Books, charge: Charge, body: ChargeBody, later: Later) -> Answer:
    asked = action(body.method, body.token, charge.id, books.options.public_url)
    charge = replace(charge, decision=Decision.REQUIRES_ACTION, action=asked)
    books.put_charge(charge)
    due = None if later is Later.CUSTOMER_WAITS else time.time() + books.options.customer_acts_after_s
    books.add_pending(Pending(charge.key, charge.id, due, approves=later is Later.CUSTOMER_APPROVES))
    announce_charge(books, charge, body.amount)
    return Answer(http_status=HTTPStatus.ACCEPTED, body=charge_answer(charge))


def _move(books: Books, key: str, charge_id: str, body: MovementBody) -> Answer:
    before = books.charge(charge_id)
    if before is None:
        return _refused(HTTPStatus.NOT_FOUND, NO_SUCH_CHARGE)
    after = _after(before, body)
    if isinstance(after, Refusal):
        return _refused(HTTPStatus.UNPROCESSABLE_ENTITY, after)
    behaviour = movement_behaviour(before.token, body.operation)
    movement_id = f"{ID_PREFIXES[body.operation]}_{uuid4().hex}"
    amount = before.reserved if isinstance(body, VoidBody) else body.amount
    if behaviour.refusal is not None:
        refusal = behaviour.refusal
        announce(books, body.operation, before, action_id=movement_id, key=key, amount=amount, refusal=refusal)
        return _refused(HTTPStatus.PAYMENT_REQUIRED, refusal, behaviour.manner)
    answer = MovementAnswer(movement_id, charge_id, amount, after.currency, after.status, key)
    if behaviour.later is not None:
        books.add_pending(Pending(key, charge_id, time.time() + books.options.customer_acts_after_s, approves=True))
        accepted = replace(answer, status=ACCEPTED)
        return Answer(http_status=HTTPStatus.ACCEPTED, body=msgspec.json.encode(accepted))
    books.put_charge(after)
    if after.decision is Decision.CANCELED:
        books.remove_pending(before.key)
        books.decide_operation(before.key, HTTPStatus.PAYMENT_REQUIRED, error_answer(CANCELED))
    announce(books, body.operation, after, action_id=movement_id, key=key, amount=amount)
    return Answer(http_status=HTTPStatus.CREATED, body=msgspec.json.encode(answer), manner=behaviour.manner)


def _after(charge: Charge, body: MovementBody) -> Charge | Refusal:
    match body:
        case CaptureBody():
            return captured(charge, body.amount, final=body.final)
        case VoidBody():
            return voided(charge)
        case RefundBody():
            return refunded(charge, body.amount)
        case _:
            assert_never(body)


def _refused(status: HTTPStatus, refusal: Refusal, manner: Manner = Manner.AT_ONCE) -> Answer:
    return Answer(http_status=status, body=error_answer(refusal), manner=manner)
