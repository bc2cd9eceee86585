"""Payments in dollars that are settled in euros, each checked against the agreed rate and mark-up."""

from collections.abc import Sequence
from typing import Any, Final

from domain.fx.rates import Quote, convert
from domain.money.money import Money
from domain.payment.events import PaymentCaptured, RefundStarted
from interfaces import ids
from interfaces.composition import Core
from interfaces.demo.polling import eventually
from interfaces.demo.seller import Refused, Seller
from interfaces.demo.shop import Reply

TAKEN_IN: Final = "USD"
SETTLED_IN: Final = "EUR"
MARK_UP_BASIS_POINTS: Final = 100
RATE_MISSING: Final = "urn:tallystick:problem:rate_missing"


async def pay(seller: Seller, order: str, minor: int, **fields: Any) -> dict[str, Any]:
    """A payment by a working card, repeated until the API has read the new rates. Raises Refused."""
    body = {
        "customer_id": "customer-demo",
        "amount": minor,
        "currency": TAKEN_IN,
        "payment_method": {"type": "card", "token": "tok_visa"},
        "confirm": True,
        **fields,
    }

    async def ask() -> Reply:
        return await seller.try_to_post("/v1/payment_intents", body, order)

    reply = await eventually(ask, lambda answer: answer.json.get("type") != RATE_MISSING)
    if reply.status >= 400:
        raise Refused(f"{order}: {reply.status} {reply.body.decode()}")
    return reply.json


async def all_converted(core: Core, payments: Sequence[dict[str, Any]]) -> bool:
    """Whether each payment was settled in euros at the rate in force less the mark-up, and its refunds at that rate."""
    quote = (await core.fx.commands.rates()).rate(TAKEN_IN, SETTLED_IN)
    for payment in payments:
        stream_id = ids.parse(payment["payment_id"], ids.PAYMENT)
        assert stream_id is not None
        events = [each.event.data for each in await core.store.history(stream_id)]
        captures = [event for event in events if isinstance(event, PaymentCaptured)]
        refunds = [event for event in events if isinstance(event, RefundStarted)]
        if not captures or not all(is_settled_by(quote, each.amount, each.proceeds.gross) for each in captures):
            return False
        [capture] = captures
        if not all(is_share_of(capture, each) for each in refunds):
            return False
    return True


def is_settled_by(quote: Quote, amount: Money, settled: Money) -> bool:
    """Whether `settled` is `amount` converted at `quote`, less the agreed mark-up."""
    return settled == convert(amount, SETTLED_IN, quote, mark_up_basis_points=MARK_UP_BASIS_POINTS).settled


def is_share_of(capture: PaymentCaptured, refund: RefundStarted) -> bool:
    """Whether the merchant is debited for the refund as it was credited for the capture, to the minor unit."""
    if refund.debit is None:
        return False
    debited, credited = refund.debit.settled, capture.proceeds.gross
    off = debited.minor * capture.amount.minor - credited.minor * refund.amount.minor
    return debited.currency == credited.currency and abs(off) <= capture.amount.minor
