"""Each provider's webhooks in its own words and signature: believed when they are its own, and never acted on twice."""

from collections.abc import Mapping
from uuid import UUID

import aiohttp
import msgspec
import pytest

from interfaces import ids
from tests.interfaces.dialects.fakes import Fake, uuid_of
from tests.interfaces.dialects.shop import Shop
from tests.interfaces.dialects.system import System
from tests.support.running import eventually
from tests.support.store import execute

OURS = (
    "SELECT delivery_id, headers, body FROM webhook_delivery WHERE provider = %s AND payment_id = %s AND state = 'done'"
)
CAME_OF = "SELECT state, result FROM webhook_delivery WHERE delivery_id = %s"


class Delivered(msgspec.Struct):
    """A webhook as it came from the provider."""

    payment_id: str
    delivery_id: UUID
    headers: dict[str, str]
    body: bytes


@pytest.fixture
async def delivered(shop: Shop, system: System, fake: Fake) -> Delivered:
    """A webhook that told of a capture of a payment that was refunded since."""
    payment_id = await shop.captured(fake)
    await shop.asked(payment_id, "refunds", amount=10)
    await shop.comes_to(payment_id, "partially_refunded")
    return await told_of(shop, system, fake, payment_id)


async def told_of(shop: Shop, system: System, fake: Fake, payment_id: str) -> Delivered:
    """The first webhook about the payment's 10.00 that was worked off: that of its refund may come before."""
    uuid = uuid_of(await shop.payment(payment_id))
    found: list[Delivered] = []

    async def came() -> bool:
        rows = execute(system.settings.database_url, OURS, fake.name, uuid)
        of_capture = [row for row in rows if b"1000" in row[2]]
        found.extend(Delivered(payment_id, id, signing(headers), body) for id, headers, body in of_capture)
        return bool(found)

    await eventually(came, f"{fake.name} tells of its capture")
    return found[0]


def signing(headers: Mapping[str, str]) -> dict[str, str]:
    """Those that say something of the body, whatever its length."""
    return {name: value for name, value in headers.items() if name == "content-type" or "signature" in name}


async def came_of(system: System, delivery: str) -> tuple[str, str]:
    """The state in which a delivery has ended, and why."""
    delivery_id = ids.parse(delivery, ids.DELIVERY)
    rows: list[tuple[str, str]] = []

    async def ended() -> bool:
        rows[:] = [(state, result) for state, result in execute(system.settings.database_url, CAME_OF, delivery_id)]
        return rows[0][0] != "waiting"

    await eventually(ended, f"{delivery} is worked off")
    return rows[0]


async def post(system: System, provider: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    """The status, and the delivery's id or the kind of refusal."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(system.webhooks_of(provider), data=body, headers=headers) as reply,
    ):
        said = await reply.json(content_type=None)
        return reply.status, str(said["delivery_id"] if reply.status == 200 else said["type"])


async def test_one_that_comes_again_changes_nothing(
    shop: Shop, system: System, fake: Fake, delivered: Delivered
) -> None:
    before = await shop.history(delivered.payment_id)
    status, again = await post(system, fake.name, delivered.body, delivered.headers)
    assert status == 200
    assert await came_of(system, again) == ("done", f"duplicate of {delivered.delivery_id}")
    assert await shop.history(delivered.payment_id) == before


async def test_those_that_come_late_change_nothing(shop: Shop, system: System, fake: Fake) -> None:
    """Held back until the payment was captured and refunded."""
    async with fake.silent():
        payment_id = await shop.captured(fake)
        await shop.asked(payment_id, "refunds")
        await shop.comes_to(payment_id, "refunded")
        before = await shop.history(payment_id)
    told = await told_of(shop, system, fake, payment_id)
    _, result = await came_of(system, ids.text_of(ids.DELIVERY, told.delivery_id))
    assert result.startswith("nothing new: ")
    assert await shop.history(payment_id) == before


async def test_only_what_the_provider_signed_is_believed(system: System, fake: Fake, delivered: Delivered) -> None:
    body, headers = delivered.body, delivered.headers
    unsigned = {name: value for name, value in headers.items() if "signature" not in name}
    forgeries = [(body.replace(b"1000", b"9000"), headers), (b"{}", headers), (without_signature(body), unsigned)]
    assert body.replace(b"1000", b"9000") != body
    for forged, told in forgeries:
        assert await post(system, fake.name, forged, told) == (401, "urn:tallystick:problem:delivery_not_signed")
    for other in set(system.fakes) - {fake.name}:
        assert (await post(system, other, body, headers))[0] == 401


def without_signature(body: bytes) -> bytes:
    """APS signs within the body, the others in a header."""
    said = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    said.pop("signature", None)
    return msgspec.json.encode(said)
