"""Nearly all traffic on one merchant, through two APIs: nothing of it is lost, and the others are served too."""

import asyncio
from typing import Any

import pytest

from application.access.merchant import Directory
from tests.interfaces.several.conftest import Api
from tests.support.running import Merchant, eventually, merchant_in

pytestmark = pytest.mark.system

HOT, OTHERS = 95, 5
AMOUNT, FEE = 1000, 59


async def test_a_hot_merchants_books_are_as_right_as_anybodys(
    directory: Directory, second: Api, doors: list[Merchant]
) -> None:
    async with merchant_in(directory, second.url) as other:
        payers = [doors[number % len(doors)] for number in range(HOT)] + [other] * OTHERS
        replies = await asyncio.gather(*(payer.pay(AMOUNT) for payer in payers))
        assert {(reply.status, reply.json["status"]) for reply in replies} == {(201, "captured")}
        last = max((reply.headers["Tallystick-Position"] for reply in replies), key=int)
        for merchant, payments in ((doors[0], HOT), (other, OTHERS)):
            await _has_been_paid(merchant, payments, last)


async def _has_been_paid(merchant: Merchant, payments: int, since: str) -> None:
    """The merchant's balance, once it is as new as position `since`, is that many payments less their fees."""
    balances: list[dict[str, Any]] = []

    async def is_as_new() -> bool:
        reply = await merchant.get("/v1/balances", headers={"Tallystick-Position": since})
        balances[:] = reply.json.get("balances", [])
        return reply.status == 200

    await eventually(is_as_new, "the view has the payments")
    nothing = dict.fromkeys(("authorized", "available", "held", "in_transit", "owed"), 0)
    assert balances == [{"currency": "EUR", **nothing, "pending": payments * (AMOUNT - FEE)}]
