"""An order that the API refuses is named and counted, and the next one is sent."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from domain.money.money import Money
from domain.payment.events import CaptureMethod
from interfaces.demo.orders import Order, Step, StepKind
from interfaces.demo.run import _most_eventful, _send
from interfaces.demo.shop import Shop


def order(name: str, customer: str = "customer-1", *steps: Step) -> Order:
    return Order(
        order=name,
        merchant="Shop",
        customer=customer,
        amount=Money(1_200, "EUR"),
        card="tok_visa",
        capture_method=CaptureMethod.AUTOMATIC,
        then=steps,
    )


async def create(request: web.Request) -> web.Response:
    asked: dict[str, Any] = await request.json()
    if not asked["customer_id"].isascii():
        return web.json_response({"detail": "customer_id does not fit."}, status=400)
    return web.json_response({"payment_id": "pay_1", "status": "captured", "operation": None}, status=201)


async def refuse(_: web.Request) -> web.Response:
    return web.json_response({"detail": "More than is left."}, status=422)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    app = web.Application()
    app.router.add_post("/v1/payment_intents", create)
    app.router.add_post("/v1/payments/pay_1/refunds", refuse)
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        yield Shop(http, f"http://127.0.0.1:{server.port}", "tsk_test", "run_1")


async def test_an_order_that_is_refused_is_named_and_counted_and_the_others_go_on(shop: Shop) -> None:
    too_much = order("too-much", "customer-1", Step(kind=StepKind.REFUND, amount=Money(9_900, "EUR")))
    orders = [order("Größe 7", "Jürgen Müller"), too_much, order("fine")]
    figures, results = await _send({"Shop": shop}, orders)
    assert (figures.payments, len(results)) == (2, 3)
    assert figures.refusals == [
        "order Größe 7: refused with 400: customer_id does not fit.",
        "order too-much, refund 99.00 EUR: refused with 422: More than is left.",
    ]
    assert _most_eventful(orders, results) == [(too_much, "pay_1")]


async def test_orders_that_are_all_refused_leave_nothing_to_show(shop: Shop) -> None:
    orders = [order("one", "Müller"), order("two", "Søren")]
    figures, results = await _send({"Shop": shop}, orders)
    assert (figures.payments, len(figures.refusals)) == (0, 2)
    assert _most_eventful(orders, results) == []
