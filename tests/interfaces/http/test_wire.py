"""Whatever bytes come over a socket, the answer is never a 500, and the next request is served; and who keeps bytes
back keeps nobody else out."""

import resource
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from interfaces.http.server.admission import COMMANDS_MAX
from interfaces.runtime.supervisor import Stack
from tests.interfaces.http.expect import then_refused
from tests.interfaces.http.wire_cases import CASES, KEY, LIST, PIPELINES, WireCase, post, request
from tests.support.running import Merchant
from tests.support.wire import Answer, Wire

LIVE = b"GET /health/live HTTP/1.1\r\nHost: api\r\n\r\n"


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_odd_requests_are_refused_or_served_and_never_fail(
    stack: Stack, merchant: Merchant, case: WireCase
) -> None:
    key = merchant.secret.encode()
    async with Wire(stack.url) as wire:
        await wire.send(case.request.replace(KEY, key), ends=case.ends)
        exchange = await wire.read(answers_max=case.answers)
        assert all(status in case.statuses for status in exchange.statuses)
        assert len(exchange.answers) == (case.answers if case.statuses else 0)
        assert not any(names_the_software(answer) for answer in exchange.answers)
        assert all(is_guarded(answer) for answer in exchange.answers if answer.header("x-request-id"))
        if not exchange.answers or exchange.answers[-1].header("connection") == "close":
            assert await wire.is_closed()
        if case.stays:
            await wire.send(request(LIST).replace(KEY, key))
            assert (await wire.read()).statuses == [200]
    async with Wire(stack.url) as wire:
        await wire.send(request(LIST).replace(KEY, key))
        assert (await wire.read()).statuses == [200]


def names_the_software(answer: Answer) -> bool:
    return bool(answer.header("server") or answer.header("x-powered-by") or answer.header("via"))


def is_guarded(answer: Answer) -> bool:
    """Neither kept by anybody on the way, nor taken for what it is not."""
    headers = [header for header in answer.headers if header[0] in ("cache-control", "x-content-type-options")]
    return sorted(headers) == [("cache-control", "no-store"), ("x-content-type-options", "nosniff")]


def test_the_suite_is_as_large_as_promised() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 60


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/docs", "/openapi.json", "/metrics", "/nowhere"])
async def test_open_routes_are_guarded_too(stack: Stack, path: str) -> None:
    async with Wire(stack.url) as wire:
        await wire.send(f"GET {path} HTTP/1.1\r\nHost: api\r\n\r\n".encode())
        [answer] = (await wire.read()).answers
    assert is_guarded(answer)
    assert not names_the_software(answer)


async def test_answers_to_a_pipeline_come_in_order(stack: Stack, merchant: Merchant) -> None:
    [case] = [case for case in PIPELINES if case.name == "a command and a query at once"]
    async with Wire(stack.url) as wire:
        await wire.send(case.request.replace(KEY, merchant.secret.encode()))
        assert (await wire.read(answers_max=2)).statuses == [400, 200]


@pytest.mark.parametrize("path", ["//v1/payments", "/v1/payments//", "/v1/./payments", "/health/../v1/payments"])
async def test_paths_that_others_may_read_differently_lead_nowhere(stack: Stack, merchant: Merchant, path: str) -> None:
    async with Wire(stack.url) as wire:
        await wire.send(request(f"GET {path}").replace(KEY, merchant.secret.encode()))
        assert (await wire.read()).statuses == [404]


@asynccontextmanager
async def held_back(url: str, count: int, part: Callable[[int], bytes]) -> AsyncIterator[None]:
    """So many connections, each of which sent only a part of a request."""
    async with AsyncExitStack() as connections:
        for number in range(count):
            wire = await connections.enter_async_context(Wire(url))
            await wire.send(part(number))
        yield


async def test_bodies_that_are_kept_back_shut_nobody_out(stack: Stack, merchant: Merchant, stranger: Merchant) -> None:
    first_byte = post("Content-Length: 200", body=b"{").replace(KEY, merchant.secret.encode())
    async with held_back(stack.url, COMMANDS_MAX + 10, lambda _: first_byte):
        assert (await stranger.pay()).status == 201
        assert (await merchant.pay()).status == 201


async def test_1100_idle_connections_leave_room_for_more(stack: Stack, merchant: Merchant) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2048:
        pytest.skip("the system lets a process open too few files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    parts = (b"", LIVE[:-2], LIVE)
    async with held_back(stack.url, 1_100, lambda number: parts[number % 3]), Wire(stack.url) as wire:
        await wire.send(LIVE)
        assert (await wire.read()).statuses == [200]
        assert (await merchant.pay()).status == 201


async def test_a_path_that_is_too_long_is_told_and_costs_nothing(merchant: Merchant) -> None:
    then_refused(await merchant.get("/v1/payments/" + "1-" * 4_500), 414, "target_too_long")
