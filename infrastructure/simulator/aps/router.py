"""Every APS command is a POST to one address, and every answer is signed and has HTTP status 200."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response, Router, post
from litestar.datastructures import State

from infrastructure.simulator.aps.account import Account, signed
from infrastructure.simulator.aps.orders import Said, carry_out
from infrastructure.simulator.aps.requests import command_in, fault, read
from infrastructure.simulator.aps.words import INVALID_REQUEST, response
from infrastructure.simulator.tokens import Manner

HELD_S_MAX: Final = 600.0
"""The longest time for which a connection without an answer is held for a client that does not give up."""


@post("/FortAPI/paymentApi", status_code=HTTPStatus.OK)
async def payment_api(request: Request[Any, Any, State]) -> Response[bytes]:
    account = Account.of_environment()
    parameters = read(await request.body())
    if parameters is None:
        return _answer({}, Said(response(INVALID_REQUEST, "073")), account)
    message = fault(parameters, account)
    if message is not None:
        return _answer(parameters, Said(response(INVALID_REQUEST, message)), account)
    said = carry_out(request.app.state.books, command_in(parameters), parameters)
    match said.manner:
        case Manner.AT_ONCE:
            pass
        case Manner.LATE:
            await asyncio.sleep(request.app.state.books.options.slow_s)
        case Manner.NEVER:
            await _disconnected(request)
        case Manner.SERVER_ERROR:
            return Response(b"", status_code=HTTPStatus.INTERNAL_SERVER_ERROR, media_type=MediaType.TEXT)
    return _answer(parameters, said, account)


def _answer(asked: Mapping[str, str], said: Said, account: Account) -> Response[bytes]:
    """The answer, which repeats the parameters of the request, under a new signature."""
    body = signed({**asked, **said.parameters}, account.response_phrase)
    return Response(msgspec.json.encode(body), media_type=MediaType.JSON, status_code=HTTPStatus.OK)


async def _disconnected(request: Request[Any, Any, State]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(HELD_S_MAX):
            while (await request.receive())["type"] != "http.disconnect":
                pass


ROUTER: Final = Router("/aps", route_handlers=[payment_api])
