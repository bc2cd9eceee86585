"""What somebody does in the provider's own dashboard comes here in the provider's words, and the books stay equal."""

from typing import Any
from uuid import uuid4

import aiohttp

from tests.interfaces.dialects.fakes import Simulated
from tests.interfaces.dialects.shop import Shop


async def by_hand(checkout: Simulated, shop: Shop, payment_id: str, verb: str, body: dict[str, Any]) -> str:
    """As in a dashboard: on the charge itself, under a key that is none of ours; what it is called there."""
    reference = (await shop.payment(payment_id))["authorization"]["provider_reference"]
    url = f"{checkout.url}/v1/charges/ch_{reference.removeprefix('pay_')}/{verb}"
    key = {"Idempotency-Key": str(uuid4())}
    async with aiohttp.ClientSession() as http, http.post(url, json=body, headers=key) as reply:
        assert reply.status == 201, await reply.text()
        return str((await reply.json())["id"])


async def actor_of(shop: Shop, payment_id: str, event: str) -> str:
    [actor] = {each["actor"] for each in await shop.events(payment_id) if each["event"] == event}
    return str(actor)


async def test_a_refund_made_there_beside_one_of_ours_that_fails_later(shop: Shop, checkout: Simulated) -> None:
    payment_id = await shop.captured(checkout)
    await shop.asked(payment_id, "refunds", amount=300)
    await shop.comes_to(payment_id, "partially_refunded")
    refund = await by_hand(checkout, shop, payment_id, "refunds", {"amount": 700})
    await shop.comes_to(payment_id, "refunded")
    assert await actor_of(shop, payment_id, "payment.operation_adopted.v1") == "psp:checkout"
    assert (await shop.asked(payment_id, "refunds", amount=1)).status == 409, "it would be given back twice"
    async with aiohttp.ClientSession() as http, http.post(f"{checkout.url}/_control/refunds/{refund}/fail") as reply:
        assert reply.status == 200
    await shop.comes_to(payment_id, "partially_refunded")
    assert (await shop.payment(payment_id))["amount_refundable"] == 700
    assert (await shop.asked(payment_id, "refunds", amount=700)).status == 201
    await shop.comes_to(payment_id, "refunded")


async def test_a_capture_and_a_void_made_there(shop: Shop, checkout: Simulated) -> None:
    taken, released = await shop.authorized(checkout), await shop.authorized(checkout)
    await by_hand(checkout, shop, taken, "captures", {"amount": 1000, "final": True})
    await by_hand(checkout, shop, released, "voids", {})
    await shop.comes_to(taken, "captured")
    await shop.comes_to(released, "voided")
    assert await actor_of(shop, taken, "payment.captured.v2") == "psp:checkout"
    assert await actor_of(shop, released, "payment.voided.v1") == "psp:checkout"
