"""An answer that never comes says nothing: the provider is asked, and what it did once stays done once."""

import asyncio
from typing import Any

from tests.interfaces.dialects.fakes import Fake, Held, Simulated, uuid_of
from tests.interfaces.dialects.shop import Shop, new_key
from tests.interfaces.dialects.system import System


async def test_what_was_done_and_never_answered_is_found_at_the_provider(
    shop: Shop, system: System, fake: Fake
) -> None:
    """Webhooks stay away as well, so that only a look-up can tell."""
    key = new_key()
    reserved, taken = await asyncio.gather(shop.authorized(fake), shop.captured(fake))

    async def authorize() -> dict[str, Any]:
        return await shop.pay(fake, key=key, capture_method="manual")

    async with fake.silent():
        with system.proxies[fake.name].losing():
            paid, captured, refunded = await asyncio.gather(
                authorize(),
                shop.asked(reserved, "capture"),
                shop.asked(taken, "refunds"),
            )
            assert paid["status"] == "processing"
            assert captured.json["operation"]["status"] == "pending"
            assert refunded.json["status"] == "pending"
            assert (await authorize())["payment_id"] == paid["payment_id"]
        fresh = await shop.comes_to(paid["payment_id"], "authorized")
        await shop.comes_to(reserved, "captured")
        await shop.comes_to(taken, "refunded")
    for payment_id in (fresh, reserved, taken):
        assert (await shop.events(payment_id))[-1]["actor"] == "worker:recovery"
    books = await fake.books()
    assert [books[uuid_of(await shop.payment(each))] for each in (fresh, reserved, taken)] == [
        Held(charges=1, reserved=1000, captured=0, refunded=0),
        Held(charges=1, reserved=0, captured=1000, refunded=0),
        Held(charges=1, reserved=0, captured=1000, refunded=1000),
    ]


async def test_what_no_lookup_can_tell_the_webhook_tells(shop: Shop, system: System, aps: Simulated) -> None:
    """APS names no single capture: of two halves, its status could mean either."""
    payment_id = await shop.authorized(aps)
    with system.proxies["aps"].losing():
        captured = await shop.asked(payment_id, "capture", amount=400)
        assert captured.json["amount_captured"] in (0, 400)
        await shop.comes_to(payment_id, "captured")
    assert (await shop.events(payment_id))[-1]["actor"] == "psp:aps"
    assert (await aps.books())[uuid_of(await shop.payment(payment_id))].captured == 400
