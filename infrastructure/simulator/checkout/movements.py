"""A capture, void or refund of a payment becomes a request to the books, or is refused as Checkout.com refuses it."""

from http import HTTPStatus
from typing import assert_never

from infrastructure.simulator import charges, wire
from infrastructure.simulator.charges import Charge
from infrastructure.simulator.checkout import amounts
from infrastructure.simulator.checkout.refused import Refused
from infrastructure.simulator.checkout.register import Asked
from infrastructure.simulator.checkout.wire import CaptureBody, RefundBody, VoidBody
from infrastructure.simulator.tokens import Refusal

Body = CaptureBody | VoidBody | RefundBody


def movement(body: Body, charge: Charge, before: Asked | None) -> wire.MovementBody:
    """The movement that the request asks for. Raises Refused.

    `before` is the first request under the same key: a missing amount keeps the amount of that first request.
    """
    match body:
        case CaptureBody(amount=amount, capture_type=capture_type):
            wanted = _amount(amount, charge.currency, before.amount if before else charge.reserved)
            return wire.CaptureBody(wanted, capture_type == "Final")
        case VoidBody():
            return wire.VoidBody()
        case RefundBody(amount=amount):
            return wire.RefundBody(_amount(amount, charge.currency, before.amount if before else charge.refundable))
        case _:
            assert_never(body)


def amount_of(movement: wire.MovementBody, charge: Charge) -> int:
    return charge.reserved if isinstance(movement, wire.VoidBody) else movement.amount


def require_possible(movement: wire.MovementBody, charge: Charge) -> None:
    """Check that the charge allows the movement.

    Raises Refused: 403 where nothing is left to move, 422 where the rest is too small.
    """
    match movement:
        case wire.CaptureBody(amount=amount, final=final):
            left, after = charge.reserved, charges.captured(charge, amount, final=final)
            code = "capture_value_greater_than_remaining_authorized"
        case wire.VoidBody():
            left, after = charge.reserved, charges.voided(charge)
            code = "void_not_allowed"
        case wire.RefundBody(amount=amount):
            left, after = charge.refundable, charges.refunded(charge, amount)
            code = "refund_amount_exceeds_balance"
        case _:
            assert_never(movement)
    if isinstance(after, Refusal):
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, code) if left else Refused(HTTPStatus.FORBIDDEN)


def _amount(asked: int | None, currency: str, otherwise: int) -> int:
    amount = otherwise if asked is None else amounts.booked(asked, currency)
    if amount is None:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "amount_invalid")
    return amount
