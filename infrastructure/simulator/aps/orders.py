"""An APS order is a charge in the simulator's books, identified by its merchant_reference, which is accepted once."""

# Like APS, this dialect refuses a second refund with the same maintenance_reference, and does not prevent a repeated
# capture.

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from msgspec import Struct

from infrastructure.simulator.aps.names import fort_id, new_key, performed
from infrastructure.simulator.aps.words import (
    CHALLENGED,
    INVALID_REQUEST,
    PENDING,
    QUERY_FAILED,
    QUERY_SUCCESS,
    SUCCESS,
    message_of,
    outcome,
    response,
)
from infrastructure.simulator.books import Books, StoredOperation
from infrastructure.simulator.charges import Charge
from infrastructure.simulator.operations import NO_CHARGE_YET, Answer, perform
from infrastructure.simulator.tokens import Manner
from infrastructure.simulator.wire import CaptureBody, ChargeAnswer, ChargeBody, ErrorAnswer, RefundBody, VoidBody


class Said(Struct, frozen=True):
    """The parameters of an answer, beside those of the request, and the manner in which the answer leaves."""

    parameters: dict[str, str]
    manner: Manner = Manner.AT_ONCE


class _Action(Struct, frozen=True):
    url: str


class _Accepted(Struct, frozen=True):
    """An operation that is decided later, by its customer where an action is present."""

    action: _Action | None = None


class _Order(Struct, frozen=True):
    """The books' record of one merchant_reference: the payment's command, its answer and its charge.

    `charge` is None for a refused payment, and for a payment that its customer has not decided yet.
    """

    command: str
    paid: dict[str, str]
    charge: Charge | None


def carry_out(books: Books, command: str, parameters: Mapping[str, str]) -> Said:
    """The answer to a valid request, whose effect is durable when this function returns."""
    reference = parameters["merchant_reference"]
    if command in ("AUTHORIZATION", "PURCHASE"):
        return _pay(books, command, parameters)
    order = _order(books, reference)
    unknown = parameters.get("fort_id", fort_id(reference)) != fort_id(reference)
    if command == "CHECK_STATUS":
        return Said(response(QUERY_FAILED, "036") if order is None or unknown else _status(reference, order))
    if order is None or unknown:
        return Said(outcome(command, "036"))
    if order.charge is None:
        return Said(outcome(command, "662"))
    if parameters.get("currency", order.charge.currency) != order.charge.currency:
        return Said(outcome(command, "013"))
    return _maintain(books, command, parameters, order.charge)


def _pay(books: Books, command: str, parameters: Mapping[str, str]) -> Said:
    reference = parameters["merchant_reference"]
    if books.operation(reference) is not None:
        return Said(response(INVALID_REQUEST, "066"))
    body = ChargeBody(
        reference=parameters.get("merchant_extra", reference),
        amount=int(parameters["amount"]),
        currency=parameters["currency"],
        token=parameters["token_name"],
        capture=command == "PURCHASE",
        return_url=parameters.get("return_url"),
    )
    return _worded(command, reference, perform(books, reference, NO_CHARGE_YET, body))


def _maintain(books: Books, command: str, parameters: Mapping[str, str], charge: Charge) -> Said:
    reference = parameters["merchant_reference"]
    name = parameters.get("maintenance_reference" if command == "REFUND" else "order_description", "")
    key = new_key(books, reference, name)
    match command:
        case "CAPTURE":
            # APS has no final capture: the rest stays reserved until the authorisation lapses.
            answer = perform(books, key, charge.id, CaptureBody(int(parameters["amount"]), final=False))
        case "VOID_AUTHORIZATION" if charge.captured:
            return Said(outcome(command, "034"))
        case "VOID_AUTHORIZATION":
            answer = perform(books, key, charge.id, VoidBody())
        case _ if name and any(_succeeded(earlier) for earlier in performed(books, reference, name)):
            return Said(response(INVALID_REQUEST, "066"))
        case _:
            answer = perform(books, key, charge.id, RefundBody(int(parameters["amount"])))
    return _worded(command, reference, answer)


def _worded(command: str, reference: str, answer: Answer) -> Said:
    named = {"fort_id": fort_id(reference)}
    if answer.http_status == HTTPStatus.ACCEPTED:
        action = msgspec.json.decode(answer.body, type=_Accepted).action
        return Said(named | (PENDING if action is None else CHALLENGED | {"3ds_url": action.url}), answer.manner)
    return Said(named | outcome(command, _message(answer.http_status, answer.body)), answer.manner)


def _status(reference: str, order: _Order) -> dict[str, str]:
    """The state of an order, after its last operation."""
    command, charge = order.command, order.charge
    if charge is not None:
        if charge.refunded:
            command = "REFUND"
        elif charge.captured and command == "AUTHORIZATION":
            command = "CAPTURE"
        elif charge.voided:
            command = "VOID_AUTHORIZATION"
    last = order.paid if command == order.command else outcome(command, SUCCESS)
    totals = {} if charge is None else _totals(charge)
    return {
        "fort_id": fort_id(reference),
        **response(QUERY_SUCCESS, SUCCESS),
        "transaction_status": last["status"],
        "transaction_code": last["response_code"],
        "transaction_message": last["response_message"],
        **totals,
    }


def _totals(charge: Charge) -> dict[str, str]:
    return {
        "authorized_amount": str(charge.authorized),
        "captured_amount": str(charge.captured),
        "refunded_amount": str(charge.refunded),
    }


def _order(books: Books, reference: str) -> _Order | None:
    stored = books.operation(reference)
    if stored is None:
        return None
    _, _, body = msgspec.json.decode(stored.request, type=tuple[str, str, ChargeBody])
    charge = books.charge(msgspec.json.decode(stored.answer, type=ChargeAnswer).id) if _succeeded(stored) else None
    command = "PURCHASE" if body.capture else "AUTHORIZATION"
    waits = stored.http_status == HTTPStatus.ACCEPTED
    paid = CHALLENGED if waits else outcome(command, _message(stored.http_status, stored.answer))
    return _Order(command, paid, charge)


def _succeeded(stored: StoredOperation) -> bool:
    return stored.http_status == HTTPStatus.CREATED


def _message(http_status: int, answer: bytes) -> str:
    if http_status == HTTPStatus.CREATED:
        return SUCCESS
    return message_of(msgspec.json.decode(answer, type=ErrorAnswer).error)
