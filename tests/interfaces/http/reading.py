"""Walking the API's lists to their ends."""

from typing import Any
from urllib.parse import urlencode

from tests.support.running import Merchant, Reply


def behind(write: Reply) -> dict[str, str]:
    """The header with which a query sees what `write` did."""
    return {"Tallystick-Position": write.headers["Tallystick-Position"]}


async def found(merchant: Merchant, since: Reply, **query: object) -> list[list[dict[str, Any]]]:
    """Every page of a search that sees `since`."""
    pages: list[list[dict[str, Any]]] = []
    cursor: str | None = ""
    while cursor is not None:
        text = urlencode(query | ({"cursor": cursor} if cursor else {}))
        reply = await merchant.get(f"/v1/payments?{text}", headers=behind(since))
        assert reply.status == 200, reply
        pages.append(reply.json["payments"])
        cursor = reply.json["next_cursor"]
    return pages


async def feed(merchant: Merchant, since: Reply, *, limit: int = 100, after: int = 0) -> list[dict[str, Any]]:
    """Every event of the merchant after a position, walked page by page, once the feed sees `since`."""
    events: list[dict[str, Any]] = []
    has_more = True
    while has_more:
        reply = await merchant.get(f"/v1/events?limit={limit}&after={after}", headers=behind(since))
        assert reply.status == 200, reply
        assert len(reply.json["events"]) <= limit
        events += reply.json["events"]
        after, has_more = reply.json["next"], reply.json["has_more"]
    return events


async def entries_of(merchant: Merchant, payment_id: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = (await merchant.get(f"/v1/payments/{payment_id}/ledger")).json["entries"]
    return entries
