"""Reads of a view whose rows have another version's form: refused while the view is made anew, and then answered."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from interfaces.runtime.supervisor import Stack
from tests.interfaces.http.reading import found
from tests.support.running import Merchant, Reply, eventually

LISTS = {
    "/v1/payments": "payment_status",
    "/v1/events": "audit_timeline",
    "/v1/balances": "merchant_balances",
    "/v1/bank_accounts": "bank_accounts",
    "/v1/disputes": "disputes",
    "/v1/payouts": "payouts",
    "/v1/reconciliation": "unsettled",
    "/v1/refunds": "refunds",
}
KEEP_REBUILDS_WAITING = "SELECT pg_advisory_lock(hashtextextended('rebuild what is outdated', 0))"
LET_THEM = "SELECT pg_advisory_unlock_all()"
OF_ANOTHER_FORM = """
UPDATE views.checkpoint SET code = 'another', form = 'another' WHERE projection = ANY (%s)
"""
FORGET_THE_OTHER = """
UPDATE views.checkpoint SET former_codes = array_remove(former_codes, 'another')
WHERE projection = ANY (%s)
"""


@pytest.fixture
async def owner(stack: Stack, merchant: Merchant) -> AsyncIterator[psycopg.AsyncConnection[object]]:
    """A connection of the schema's owner, in whose time no worker rebuilds a view; then all are as before."""
    url, views = stack.settings.owner_database_url, list(LISTS.values())
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as owner:
        await owner.execute(KEEP_REBUILDS_WAITING)
        yield owner
        await owner.execute(LET_THEM)
        await until_answered(merchant)
        await owner.execute(FORGET_THE_OTHER, (views,))


async def test_a_read_is_refused_until_its_view_is_rebuilt(
    merchant: Merchant, owner: psycopg.AsyncConnection[object]
) -> None:
    await owner.execute(OF_ANOTHER_FORM, (list(LISTS.values()),))
    for path, view in LISTS.items():
        refused = await merchant.get(path)
        assert (refused.status, refused.json.get("type")) == (503, "urn:tallystick:problem:view_rebuilding"), path
        assert view in refused.json["detail"]
        assert int(refused.headers["Retry-After"]) >= 1
    paid = await paid_and_read(merchant)
    await owner.execute(LET_THEM)
    await until_answered(merchant)
    [[payment]] = await found(merchant, paid)
    assert payment["payment_id"] == paid.json["payment_id"]


async def paid_and_read(merchant: Merchant) -> Reply:
    """A payment, which needs no view, and neither does its own page."""
    paid = await merchant.pay()
    assert paid.status == 201, paid
    assert (await merchant.payment(paid.json["payment_id"]))["status"] == "captured"
    return paid


async def until_answered(merchant: Merchant) -> None:
    async def are_answered() -> bool:
        statuses = [(await merchant.get(path)).status for path in LISTS]
        assert set(statuses) <= {200, 503}, dict(zip(LISTS, statuses, strict=True))
        return set(statuses) == {200}

    await eventually(are_answered, "every list is answered")
