"""What is taken in, what is refused, and the trace that a refused delivery leaves."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import aiohttp

from application.webhook_in.intake import TRACE_BYTES_MAX
from interfaces.http.webhooks.routes import DELIVERIES_MAX
from tests.interfaces.http.expect import then_refused
from tests.interfaces.webhooks.conftest import Notary
from tests.support.metrics import scrape
from tests.support.notary import signed

NEWS = b'{"id":"evt_intake","about":"customer.created"}'
OVER_THE_LIMIT = b" " * (64 * 1024 + 1)


async def test_a_provider_that_we_have_no_account_at_is_not_found(notary: Notary) -> None:
    then_refused(await notary.post(NEWS, provider="nobody"), 404, "provider_unknown")


@asynccontextmanager
async def silent_sender(notary: Notary, provider: str) -> AsyncIterator[asyncio.StreamReader]:
    """Says that a body comes, and keeps it back; what it is told."""
    url = urlsplit(notary.stack.url)
    assert url.hostname is not None
    told, saying = await asyncio.open_connection(url.hostname, url.port)
    path = f"/v1/provider_webhooks/{provider}"
    saying.write(f"POST {path} HTTP/1.1\r\nHost: api\r\nContent-Length: 100\r\n\r\n".encode())
    await saying.drain()
    try:
        yield told
    finally:
        saying.close()


async def test_for_a_provider_that_we_do_not_know_no_body_is_waited_for(notary: Notary) -> None:
    async with silent_sender(notary, "nobody") as told:
        assert await told.readline() == b"HTTP/1.1 404 Not Found\r\n"


async def test_senders_who_keep_their_bodies_back_shut_nobody_out_and_are_given_up(notary: Notary) -> None:
    async with AsyncExitStack() as senders:
        silent = [
            await senders.enter_async_context(silent_sender(notary, "simulator")) for _ in range(DELIVERIES_MAX + 10)
        ]
        for number in range(3):
            await notary.deliver(b'{"id":"evt_not_shut_out_%d","about":"customer.created"}' % number)
        told = await silent[0].read()
        assert told.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert b"urn:tallystick:problem:body_too_slow" in told
    await notary.deliver(NEWS)


async def test_a_body_that_was_changed_on_the_way_is_refused_and_leaves_a_trace(notary: Notary) -> None:
    headers = {**signed(NEWS), "X-Event": "17", "Authorization": "Bearer tsk_secret"}
    changed = NEWS + b" " * 3000
    then_refused(await notary.post(changed, headers), 401, "delivery_not_signed")
    query = "SELECT state, result, body, body_sha256, headers FROM webhook_delivery WHERE body_sha256 = %s"
    [(state, result, body, digest, kept)] = notary.execute(query, hashlib.sha256(changed).digest())
    assert (state, result) == ("refused", "bad_signature")
    assert (body, digest) == (changed[:TRACE_BYTES_MAX], hashlib.sha256(changed).digest())
    assert kept["x-event"] == "17"
    assert "authorization" not in kept


async def test_a_recording_played_again_is_refused_and_leaves_a_trace(notary: Notary) -> None:
    body = b'{"id":"evt_old","about":"customer.created"}'
    reply = await notary.post(body, signed(body, at_s=time.time() - 301))
    then_refused(reply, 401, "delivery_stale")
    query = "SELECT state, result FROM webhook_delivery WHERE body = %s"
    assert notary.execute(query, body) == [("refused", "stale")]


async def test_no_header_at_all_is_no_signature(notary: Notary) -> None:
    then_refused(await notary.post(NEWS, {}), 401, "delivery_not_signed")


async def test_a_body_over_the_limit_is_refused(notary: Notary) -> None:
    then_refused(await notary.post(OVER_THE_LIMIT, {}), 413, "body_too_large")


async def test_a_body_over_the_limit_that_does_not_say_so_is_refused(notary: Notary) -> None:
    async def in_chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(OVER_THE_LIMIT), 16_000):
            yield OVER_THE_LIMIT[start : start + 16_000]

    reply = await notary.post(in_chunks(), {})
    then_refused(reply, 413, "body_too_large")


async def test_traces_are_so_many_a_minute_and_the_rest_is_counted(notary: Notary) -> None:
    async with aiohttp.ClientSession() as http:
        for number in range(70):
            assert (await notary.post(b"attack %d" % number, {})).status == 401
        told = await scrape(http, notary.stack.url)
    labels = {"provider": "simulator", "result": "bad_signature"}
    name = "tallystick_webhook_deliveries_total"
    [(traces,)] = notary.execute("SELECT count(*) FROM webhook_delivery WHERE state = 'refused' AND result LIKE 'bad%'")
    assert told.value(name, kept="yes", **labels) == traces
    assert told.value(name, kept="no", **labels) > 0


async def test_a_delivery_is_kept_as_it_came(notary: Notary) -> None:
    body = b'{"id": "evt_kept",\n "about": "customer.created" }'
    row = notary.row(await notary.deliver(body))
    assert bytes.fromhex(row["body"].removeprefix("\\x")) == body
    assert row["headers"]["notary-signature"].startswith("t=")
    assert row["provider"] == "simulator"
