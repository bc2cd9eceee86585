"""Every operation takes effect once for its idempotency key: effect and answer are one transaction."""

from http import HTTPStatus
from typing import Final, assert_never
from uuid import uuid4

import msgspec
from msgspec import Struct

from infrastructure.simulator.books import Books, StoredOperation
from infrastructure.simulator.charges import Charge, captured, refunded, voided
from infrastructure.simulator.tokens import Manner, Operation, Refusal, fate
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
"""The charge id of an operation that makes its charge itself."""

KEY_REUSED: Final = Refusal("idempotency_key_reuse", "Another request has this key.")
NO_SUCH_CHARGE: Final = Refusal("charge_not_found", "No such charge.")


class Answer(Struct, frozen=True, kw_only=True):
    """What to say to a request, and how."""

    http_status: int
    body: bytes
    manner: Manner = Manner.AT_ONCE
    replayed: bool = False


def perform(books: Books, key: str, charge_id: str, body: Body) -> Answer:
    """Carry out `body` on the charge; when `key` was used before, give its stored answer or refuse the reuse."""
    request = msgspec.json.encode((body.operation, charge_id, body))
    with books.transaction():
        stored = books.operation(key)
        if stored is not None:
            if stored.request != request:
                return _refused(HTTPStatus.CONFLICT, KEY_REUSED)
            return Answer(http_status=stored.http_status, body=stored.answer, replayed=True)
        answer = _charge(books, body) if isinstance(body, ChargeBody) else _move(books, charge_id, body)
        books.add_operation(key, StoredOperation(body.operation, request, answer.http_status, answer.body))
        return answer


def _charge(books: Books, body: ChargeBody) -> Answer:
    its_fate = fate(body.token, Operation.CHARGE)
    if its_fate.refusal is not None:
        return _refused(HTTPStatus.PAYMENT_REQUIRED, its_fate.refusal, its_fate.manner)
    charge = Charge(
        id=f"ch_{uuid4().hex}",
        reference=body.reference,
        currency=body.currency,
        token=body.token,
        authorized=body.amount,
        captured=body.amount if body.capture else 0,
    )
    books.put_charge(charge)
    answer = ChargeAnswer(
        id=charge.id,
        status=charge.status,
        reference=charge.reference,
        currency=charge.currency,
        authorized=charge.authorized,
        captured=charge.captured,
    )
    return _created(answer, its_fate.manner)


def _move(books: Books, charge_id: str, body: MovementBody) -> Answer:
    before = books.charge(charge_id)
    if before is None:
        return _refused(HTTPStatus.NOT_FOUND, NO_SUCH_CHARGE)
    after = _after(before, body)
    if isinstance(after, Refusal):
        return _refused(HTTPStatus.UNPROCESSABLE_ENTITY, after)
    its_fate = fate(before.token, body.operation)
    if its_fate.refusal is not None:
        return _refused(HTTPStatus.PAYMENT_REQUIRED, its_fate.refusal, its_fate.manner)
    books.put_charge(after)
    answer = MovementAnswer(
        id=f"{ID_PREFIXES[body.operation]}_{uuid4().hex}",
        charge=charge_id,
        amount=before.reserved if isinstance(body, VoidBody) else body.amount,
        currency=after.currency,
        status=after.status,
    )
    return _created(answer, its_fate.manner)


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


def _created(answer: ChargeAnswer | MovementAnswer, manner: Manner) -> Answer:
    return Answer(http_status=HTTPStatus.CREATED, body=msgspec.json.encode(answer), manner=manner)


def _refused(status: HTTPStatus, refusal: Refusal, manner: Manner = Manner.AT_ONCE) -> Answer:
    return Answer(http_status=status, body=msgspec.json.encode(ErrorAnswer(refusal)), manner=manner)
