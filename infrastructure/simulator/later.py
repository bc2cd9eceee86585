"""Some operations are decided after their answer: a charge by its customer, once and for ever, a capture by time."""

import asyncio
from http import HTTPStatus
from typing import Final

import msgspec
from msgspec.structs import replace

from infrastructure.simulator.announce import announce, announce_charge
from infrastructure.simulator.books import Books, Pending, StoredOperation
from infrastructure.simulator.charges import Charge, Decision, approved, captured
from infrastructure.simulator.operations import NO_SUCH_CHARGE, charge_answer, error_answer
from infrastructure.simulator.tokens import CARDS, Operation, Refusal
from infrastructure.simulator.wire import CaptureBody, ChargeBody, MovementAnswer

LOOK_EVERY_S: Final = 0.02
DUE_MAX: Final = 200

NOT_WAITING: Final = Refusal("not_waiting", "The charge does not wait for its customer, or no longer.")
AUTHENTICATION_FAILED: Final = Refusal("authentication_failed", "The customer did not pass the issuer's challenge.")
CUSTOMER_DECLINED: Final = Refusal("card_declined", "The customer declined.")
CAPTURE_DECLINED: Final = Refusal("capture_declined", "By then the charge did not reserve the amount any more.")


def act(books: Books, charge_id: str, *, approves: bool) -> Charge | Refusal:
    """Decide the charge as its customer; a charge that waits for no decision stays unchanged."""
    with books.transaction():
        charge = books.charge(charge_id)
        if charge is None:
            return NO_SUCH_CHARGE
        operation = books.operation(charge.key)
        if charge.decision is not Decision.REQUIRES_ACTION or operation is None:
            return NOT_WAITING
        return _customer_decides(books, charge, operation, approves=approves)


def return_url(books: Books, charge: Charge) -> str | None:
    """The address to which our page sends the customer."""
    operation = books.operation(charge.key)
    return None if operation is None else _charge_body(operation).return_url


async def settle(books: Books) -> None:
    """Decide the due operations in an endless loop."""
    while True:  # noqa: ASYNC110 - only time makes anything due
        await asyncio.sleep(0 if settle_due(books) else LOOK_EVERY_S)


def settle_due(books: Books) -> bool:
    """Decide at most DUE_MAX of the operations that are due by now; True if there were any."""
    due = books.due(DUE_MAX)
    if due:
        with books.transaction():
            for pending in due:
                _decide(books, pending)
    return bool(due)


def _decide(books: Books, pending: Pending) -> None:
    charge = books.charge(pending.charge_id)
    operation = books.operation(pending.key)
    assert charge is not None
    assert operation is not None
    if operation.operation == Operation.CHARGE:
        _customer_decides(books, charge, operation, approves=pending.approves)
    else:
        _capture(books, charge, pending.key, operation)


def _customer_decides(books: Books, charge: Charge, operation: StoredOperation, *, approves: bool) -> Charge:
    body = _charge_body(operation)
    books.remove_pending(charge.key)
    if approves:
        after, refusal = approved(charge, body.amount, capture=body.capture), None
        books.decide_operation(charge.key, HTTPStatus.CREATED, charge_answer(after))
    else:
        after = replace(charge, decision=Decision.DECLINED)
        refusal = AUTHENTICATION_FAILED if charge.token in CARDS else CUSTOMER_DECLINED
        books.decide_operation(charge.key, HTTPStatus.PAYMENT_REQUIRED, error_answer(refusal))
    books.put_charge(after)
    announce_charge(books, after, body.amount, refusal)
    return after


def _capture(books: Books, charge: Charge, key: str, operation: StoredOperation) -> None:
    _, _, body = msgspec.json.decode(operation.request, type=tuple[str, str, CaptureBody])
    accepted = msgspec.json.decode(operation.answer, type=MovementAnswer)
    books.remove_pending(key)
    after = captured(charge, body.amount, final=body.final)
    refusal = None
    if isinstance(after, Refusal):
        after, refusal = charge, CAPTURE_DECLINED
        books.decide_operation(key, HTTPStatus.PAYMENT_REQUIRED, error_answer(refusal))
    else:
        books.put_charge(after)
        answer = replace(accepted, status=after.status)
        books.decide_operation(key, HTTPStatus.CREATED, msgspec.json.encode(answer))
    announce(books, Operation.CAPTURE, after, action_id=accepted.id, key=key, amount=body.amount, refusal=refusal)


def _charge_body(operation: StoredOperation) -> ChargeBody:
    _, _, body = msgspec.json.decode(operation.request, type=tuple[str, str, ChargeBody])
    return body
