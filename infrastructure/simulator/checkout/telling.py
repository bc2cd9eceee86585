"""The books' charges and movements told as Checkout.com's payments and actions."""

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
INVALID_TOKEN: Final = "invalid_token"  # noqa: S105
"""The refusal that is none of an issuer: Checkout.com makes no payment of it."""


class Done(Struct, frozen=True):
    """What became of a request: `id` is the books' own of the charge or movement, or one made up for a refused one."""

    asked: Asked
    id: str
    refusal: Refusal | None


class _Created(Struct, frozen=True):
    id: str


def payment_id(charge_id: str) -> str:
    return "pay_" + charge_id.rpartition("_")[2]


def charge_id(payment: str) -> str:
    return "ch_" + payment.removeprefix("pay_")


def action_id(books_id: str) -> str:
    return "act_" + books_id.rpartition("_")[2]


def done(books: Books, asked: Asked) -> Done | None:
    """None for what the books never carried out, nor had an issuer refuse."""
    operation = books.operation(asked.key)
    if operation is None:
        return None
    if operation.http_status == HTTPStatus.CREATED:
        return Done(asked, msgspec.json.decode(operation.answer, type=_Created).id, None)
    if operation.http_status == HTTPStatus.PAYMENT_REQUIRED:
        refusal = msgspec.json.decode(operation.answer, type=ErrorAnswer).error
        if refusal.code == INVALID_TOKEN:
            return None
        return Done(asked, uuid5(NAMESPACE_OID, asked.key).hex, refusal)
    return None


def payment(books: Books, made: Done, base_url: str) -> Payment:
    """The payment as it stands now, without what only the answer to its request holds."""
    asked, charge = made.asked, books.charge(made.id)
    its_id = payment_id(made.id)
    return Payment(
        id=its_id,
        amount=amounts.told(asked.amount, asked.currency),
        currency=asked.currency,
        approved=made.refusal is None,
        status="Declined" if charge is None else charge.status.replace("_", " ").title(),
        reference=asked.reference,
        metadata=asked.metadata,
        source=Source(type="card", id="src_" + uuid5(NAMESPACE_OID, asked.token).hex),
        balances=_balances(charge, asked.currency),
        requested_on=asked.at,
        links=links(base_url, its_id, charge),
    )


def actions(books: Books, register: Register, payment: str) -> Sequence[Action] | None:
    """All that was done about a payment, the latest first; None when there is no such payment."""
    told: list[Action] = []
    for asked in register.of_payment(payment):
        made = done(books, asked)
        if made is None:
            continue
        told.append(_action(made, action_id(made.id), asked.operation))
        if asked.operation is Operation.CHARGE and asked.capture and made.refusal is None:
            told.append(_action(made, automatic_capture_id(made.id), Operation.CAPTURE))
    return told[::-1] or None


def automatic_capture_id(charge_id: str) -> str:
    return "act_" + uuid5(NAMESPACE_OID, charge_id).hex


def links(base_url: str, payment: str, charge: Charge | None) -> Links:
    """What can be done with the payment, as hypermedia: no link, no deed."""
    self = f"{base_url}/payments/{payment}"
    told = {"self": Link(self), "actions": Link(f"{self}/actions")}
    if charge is not None and charge.reserved:
        told |= {"capture": Link(f"{self}/captures"), "void": Link(f"{self}/voids")}
    if charge is not None and charge.refundable:
        told["refund"] = Link(f"{self}/refunds")
    return told


def _action(made: Done, its_id: str, operation: Operation) -> Action:
    told = refusals.told(made.refusal)
    return Action(
        id=its_id,
        type=TYPES[operation],
        processed_on=made.asked.at,
        amount=amounts.told(made.asked.amount, made.asked.currency),
        approved=made.refusal is None,
        response_code=told.response_code,
        response_summary=told.response_summary,
        reference=made.asked.reference,
        metadata=made.asked.metadata,
    )


def _balances(charge: Charge | None, currency: str) -> Balances:
    def told(minor: int) -> int:
        return amounts.told(minor, currency)

    if charge is None:
        return Balances(
            total_authorized=0,
            total_voided=0,
            available_to_void=0,
            total_captured=0,
            available_to_capture=0,
            total_refunded=0,
            available_to_refund=0,
        )
    return Balances(
        total_authorized=told(charge.authorized),
        total_voided=told(charge.voided + charge.released),
        available_to_void=told(charge.reserved),
        total_captured=told(charge.captured),
        available_to_capture=told(charge.reserved),
        total_refunded=told(charge.refunded),
        available_to_refund=told(charge.refundable),
    )
