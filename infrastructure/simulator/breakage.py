"""A fault of the wire makes an answer lost, late or an error, and leaves the provider's decision unchanged."""

import asyncio
from contextlib import suppress
from http import HTTPStatus
from typing import Final

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from infrastructure.simulator.faults import Dice

UNAFFECTED: Final = ("/_control/", "/v1/books", "/bank/books", "/health")
"""Paths without faults: those that set faults, and those that check the effects of faults."""
HELD_S_MAX: Final = 600.0
"""The longest time for which a connection without an answer is held for a client that does not give up."""
INTERNAL_ERROR: Final = b'{"error":{"code":"internal_error","message":"Something went wrong."}}'


def breaking(app: ASGIApp) -> ASGIApp:
    """`app`, with the faults of its `state.books` applied to requests and answers."""

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(UNAFFECTED):
            return await app(scope, receive, send)
        dice: Dice = scope["litestar_app"].state.books.dice
        faults = dice.faults
        if dice.down:
            return await _break_off(send)
        if dice.hits(faults.error_5xx_percent):
            if dice.hits(50):
                await app(scope, receive, _into_the_void)
            return await _internal_error(send)
        if dice.hits(faults.lost_answer_percent):
            await app(scope, receive, _into_the_void)
            await held(receive)
            return await _break_off(send)
        if dice.hits(faults.slow_percent):
            return await app(scope, receive, _late(send, faults.slow_s))
        return await app(scope, receive, send)

    return broken


async def held(receive: Receive) -> None:
    """Wait until the client gives up, at most HELD_S_MAX."""
    with suppress(TimeoutError):
        async with asyncio.timeout(HELD_S_MAX):
            while (await receive())["type"] != "http.disconnect":
                pass


def _late(send: Send, slow_s: float) -> Send:
    async def late(message: Message) -> None:
        if message["type"] == "http.response.start":
            await asyncio.sleep(slow_s)
        await send(message)

    return late


async def _into_the_void(_: Message) -> None:
    pass


async def _break_off(send: Send) -> None:
    """Break the connection off.

    The server cannot close a connection without any byte: this answer announces a body, and ends before the body.
    """
    await send(_start(HTTPStatus.SERVICE_UNAVAILABLE, len(INTERNAL_ERROR)))
    await send({"type": "http.response.body", "body": b"", "more_body": True})


async def _internal_error(send: Send) -> None:
    await send(_start(HTTPStatus.INTERNAL_SERVER_ERROR, len(INTERNAL_ERROR)))
    await send({"type": "http.response.body", "body": INTERNAL_ERROR, "more_body": False})


def _start(status: HTTPStatus, length: int) -> Message:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % length)]
    return {"type": "http.response.start", "status": status, "headers": headers}
