"""What every refusal of the API looks like, and that a refused command leaves nothing behind."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.running import Merchant, Reply

TYPE_PREFIX = "urn:tallystick:problem:"
_SENTENCE = re.compile(r"\S+ \S.*\.", re.DOTALL)


def then_refused(
    reply: Reply, status: int, slug: str, *, field: str | None = None, current_status: str | None = None
) -> None:
    """A problem of RFC 9457 with that status and type, naming just that field and that status of the payment."""
    assert reply.status == status, reply
    assert reply.headers["Content-Type"] == "application/problem+json"
    problem = dict(reply.json)
    title, detail = problem.pop("title"), problem.pop("detail")
    facts = {"field": field, "current_status": current_status}
    assert problem == {
        "type": TYPE_PREFIX + slug,
        "status": status,
        "request_id": reply.headers["X-Request-Id"],
        **{name: fact for name, fact in facts.items() if fact is not None},
    }
    assert title
    assert not title.endswith(".")
    assert _SENTENCE.fullmatch(detail), detail


@asynccontextmanager
async def unchanged(merchant: Merchant, payment_id: str) -> AsyncIterator[None]:
    """Whatever is sent in this block leaves the payment just as it was, to the last version."""
    before = await merchant.payment(payment_id)
    yield
    assert await merchant.payment(payment_id) == before


async def then_nothing_was_created(merchant: Merchant, *, under: str) -> None:
    """The merchant has no payment, and the key of the refused request is still free for a good one."""
    first = await merchant.pay(key=under, confirm=False)
    assert first.status == 201, first
    assert "Idempotency-Replayed" not in first.headers
    found = await merchant.get("/v1/payments", headers={"Tallystick-Position": first.headers["Tallystick-Position"]})
    assert [payment["payment_id"] for payment in found.json["payments"]] == [first.json["payment_id"]]
