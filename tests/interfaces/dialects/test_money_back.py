"""Whatever refunds are asked for in whatever order, no more is given back than was taken: the budget is ours.

localstripe would pay any refund, so that what it has paid in the end is what we let through.
"""

import asyncio
import random

import pytest

from tests.interfaces.dialects.fakes import Fake, uuid_of
from tests.interfaces.dialects.shop import Shop
from tests.interfaces.dialects.system import System

REFUNDS = 10


@pytest.mark.parametrize("seed", range(6))
async def test_refunds_in_any_order_never_exceed_the_capture(shop: Shop, system: System, seed: int) -> None:
    stripe, dice = system.fakes["stripe"], random.Random(seed)
    taken = dice.randint(1, 1000)
    payment_id = await shop.authorized(stripe)
    await shop.asked(payment_id, "capture", amount=taken)
    await shop.comes_to(payment_id, "captured")
    amounts = [dice.randint(1, taken) for _ in range(REFUNDS)]
    accepted = 0
    while amounts:
        together = dice.randint(1, 3)
        at_once, amounts = amounts[:together], amounts[together:]
        replies = await asyncio.gather(*(shop.asked(payment_id, "refunds", amount=amount) for amount in at_once))
        assert {reply.status for reply in replies} <= {201, 409, 422}
        accepted += sum(reply.json["amount"] for reply in replies if reply.status == 201)
        await nothing_open(shop, payment_id)
    assert accepted <= taken
    assert (await shop.payment(payment_id))["amount_refunded"] == accepted == await given_back(stripe, shop, payment_id)


async def nothing_open(shop: Shop, payment_id: str) -> None:
    await shop.comes_to(payment_id, (await shop.payment(payment_id))["status"])


async def given_back(stripe: Fake, shop: Shop, payment_id: str) -> int:
    return (await stripe.books())[uuid_of(await shop.payment(payment_id))].refunded
