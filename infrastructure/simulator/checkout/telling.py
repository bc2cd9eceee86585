"""The books' charges and movements are shown as Checkout.com's payments and actions."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final
from uuid import NAMESPACE_OID, uuid5

import msgspec
from msgspec import Struct

from infrastructure.simulator.books import Books
from infrastructure.simulator.charges import Charge
from infrastructure.simulator.checkout import amounts, refusals
from infrastructure.simulator.checkout.register import Asked, Register
from infrastructure.simulator.checkout.wire import Action, Balances, Link, Links, Payment, Source
from infrastructure.simulator.tokens import Operation, Refusal
from infrastructure.simulator.wire import ErrorAnswer

TYPES: Final = {
    Operation.CHARGE: "Authorization",
    Operation.CAPTURE: "Capture",
    Operation.VOID: "Void",
    Operation.REFUND: "Refund",
}
NOTHING: Final = Balances()
INVALID_TOKEN: Final = "invalid_token"  # noqa: S105
"""The refusal that comes from no issuer: Checkout.com creates no payment for it."""


class Done(Struct, frozen=True, kw_only=True):
    """The result of a request: `id` is that of the payment or action.

    `approved` is None while the request is in progress; `redirect` is set while the customer's action is awaited.
    """

    asked: Asked
    id: str
    approved: bool | None
    refusal: Refusal | None = None
    redirect: str | None = None


class _Awaited(Struct, frozen=True):
    url: str | None = None


class _Created(Struct, frozen=True):
    id: str
    action: _Awaited = _Awaited()


def payment_id(charge_id: str) -> str:
    return "pay_" + charge_id.rpartition("_")[2]


def charge_id(payment: str) -> str:
    return "ch_" + payment.removeprefix("pay_")


def action_id(books_id: str) -> str:
    return "act_" + books_id.rpartition("_")[2]


def done(books: Books, asked: Asked) -> Done | None:
    """The result of a request; None where the books did not carry it out, and no issuer refused it."""
    operation = books.operation(asked.key)
    if operation is None:
        return None
    match operation.http_status:
        case HTTPStatus.CREATED:
            created = msgspec.json.decode(operation.answer, type=_Created)
            return Done(asked=asked, id=_id(asked, created.id), approved=True)
        case HTTPStatus.ACCEPTED:
            created = msgspec.json.decode(operation.answer, type=_Created)
            return Done(asked=asked, id=_id(asked, created.id), approved=None, redirect=created.action.url)
        case HTTPStatus.PAYMENT_REQUIRED:
            refusal = msgspec.json.decode(operation.answer, type=ErrorAnswer).error
            if refusal.code == INVALID_TOKEN:
                return None
            made_up = uuid5(NAMESPACE_OID, asked.key).hex
            return Done(asked=asked, id=_id(asked, made_up), approved=False, refusal=refusal)
        case _:
            return None


def payment(books: Books, made: Done, base_url: str) -> Payment:
    """The payment in its present state, without the fields that only the answer to its request has."""
    asked, charge = made.asked, books.charge(charge_id(made.id))
    return Payment(
        id=made.id,
        amount=amounts.told(asked.amount, asked.currency),
        currency=asked.currency,
        approved=made.approved,
        status=_status(made, charge),
        reference=asked.reference,
        metadata=asked.metadata,
        source=Source(type="card", id="src_" + uuid5(NAMESPACE_OID, asked.token).hex),
        balances=_balances(charge, asked.currency),
        requested_on=asked.at,
        links=_links(base_url, made, charge),
    )


def actions(books: Books, register: Register, payment: str) -> Sequence[Action] | None:
    """All actions of a payment, the latest first; None when the payment does not exist."""
    of_payment = [made for asked in register.of_payment(payment) if (made := done(books, asked))]
    if not of_payment:
        return None
    told: list[Action] = []
    for made in of_payment:
        if made.asked.operation is not Operation.CHARGE:
            told.append(_action(made, made.id, made.asked.operation))
        elif made.approved is not None:
            told.append(_action(made, action_id(made.id), Operation.CHARGE))
            if made.approved and made.asked.capture:
                told.append(_action(made, "act_" + uuid5(NAMESPACE_OID, made.id).hex, Operation.CAPTURE))
    return told[::-1]


def _id(asked: Asked, books_id: str) -> str:
    """The id of the payment or action; an id that was shown once stays, whatever the result of the request."""
    return asked.told or (payment_id(books_id) if asked.operation is Operation.CHARGE else action_id(books_id))


def _status(made: Done, charge: Charge | None) -> str:
    if made.approved is None:
        return "Pending"
    if charge is None or not made.approved:
        return "Declined"
    return charge.status.replace("_", " ").title()


def _links(base_url: str, made: Done, charge: Charge | None) -> Links:
    """The operations that the payment allows, as links: without a link, an operation is not possible."""
    self = f"{base_url}/payments/{made.id}"
    told = {"self": Link(self), "actions": Link(f"{self}/actions")}
    if made.redirect is not None:
        told["redirect"] = Link(made.redirect)
    if charge is not None and charge.reserved:
        told |= {"capture": Link(f"{self}/captures"), "void": Link(f"{self}/voids")}
    if charge is not None and charge.refundable:
        told["refund"] = Link(f"{self}/refunds")
    return told


def _action(made: Done, its_id: str, operation: Operation) -> Action:
    told = refusals.UNDER_WAY if made.approved is None else refusals.told(made.refusal)
    return Action(
        id=its_id,
        type=TYPES[operation],
        processed_on=made.asked.at,
        amount=amounts.told(made.asked.amount, made.asked.currency),
        approved=made.approved,
        response_code=told.response_code,
        response_summary=told.response_summary,
        reference=made.asked.reference,
        metadata=made.asked.metadata,
    )


def _balances(charge: Charge | None, currency: str) -> Balances:
    if charge is None:
        return NOTHING
    return Balances(
        total_authorized=amounts.told(charge.authorized, currency),
        total_voided=amounts.told(charge.voided + charge.released, currency),
        available_to_void=amounts.told(charge.reserved, currency),
        total_captured=amounts.told(charge.captured, currency),
        available_to_capture=amounts.told(charge.reserved, currency),
        total_refunded=amounts.told(charge.refunded, currency),
        available_to_refund=amounts.told(charge.refundable, currency),
    )
