"""Reads of a view whose rows have another version's form: refused while the view is made anew, and then answered."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from interfaces.stack import Stack
from tests.interfaces.http.reading import found
from tests.support.running import Merchant, Reply, eventually

LISTS = {"/v1/payments": "payment_status", "/v1/events": "audit_timeline"}
KEEP_REBUILDS_WAITING = "SELECT pg_advisory_lock(hashtextextended('rebuild what is outdated', 0))"
OF_ANOTHER_FORM = """
UPDATE views.projection_checkpoint SET code = 'another', form = 'another' WHERE projection = ANY (%s)
"""
FORGET_THE_OTHER = """
UPDATE views.projection_checkpoint SET former_codes = array_remove(former_codes, 'another')
WHERE projection = ANY (%s)
"""


@pytest.fixture
async def owner(stack: Stack) -> AsyncIterator[psycopg.AsyncConnection[object]]:
    """A connection of the schema's owner, in whose time no worker rebuilds a view."""
    url = stack.settings.owner_database_url
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as owner:
        await owner.execute(KEEP_REBUILDS_WAITING)
        yield owner


async def test_a_read_is_refused_until_its_view_is_rebuilt(
    merchant: Merchant, owner: psycopg.AsyncConnection[object]
) -> None:
    views = list(LISTS.values())
    await owner.execute(OF_ANOTHER_FORM, (views,))
    for path, view in LISTS.items():
        refused = await merchant.get(path)
        assert (refused.status, refused.json["type"]) == (503, "urn:tallystick:problem:view_rebuilding"), refused
        assert view in refused.json["detail"]
        assert int(refused.headers["Retry-After"]) >= 1
    paid = await _paid_and_read(merchant)
    await owner.execute("SELECT pg_advisory_unlock_all()")
    for path in LISTS:
        await eventually(lambda path=path: _is_answered(merchant, path), f"{path} is answered")  # type: ignore[misc]
    [[payment]] = await found(merchant, paid)
    assert payment["payment_id"] == paid.json["payment_id"]
    await owner.execute(FORGET_THE_OTHER, (views,))


async def _paid_and_read(merchant: Merchant) -> Reply:
    """A payment, which reads no view, and neither does its own page."""
    paid = await merchant.pay()
    assert paid.status == 201, paid
    assert (await merchant.payment(paid.json["payment_id"]))["status"] == "captured"
    return paid


async def _is_answered(merchant: Merchant, path: str) -> bool:
    reply = await merchant.get(path)
    assert reply.status in (200, 503), reply
    return reply.status == 200
