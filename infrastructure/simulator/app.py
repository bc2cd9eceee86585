"""The provider's HTTP API; by the time an answer leaves, late or never, its effect is durable."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import msgspec
from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.datastructures import State
from litestar.exceptions import ClientException, HTTPException
from litestar.params import HeaderParameter, QueryParameter
from msgspec import Raw

from infrastructure.garbage import settle
from infrastructure.serving import die_with_supervisor
from infrastructure.simulator.books import Books
from infrastructure.simulator.checkout import routes as checkout
from infrastructure.simulator.operations import NO_CHARGE_YET, perform
from infrastructure.simulator.tokens import Manner, Refusal
from infrastructure.simulator.wire import (
    Body,
    BooksPage,
    CaptureBody,
    ChargeBody,
    ErrorAnswer,
    OperationAnswer,
    RefundBody,
    VoidBody,
)

DATA_ENV: Final = "TALLYSTICK_SIMULATOR_DATA"
SLOW_ENV: Final = "TALLYSTICK_SIMULATOR_SLOW_S"
SLOW_S_DEFAULT: Final = "1.5"
HELD_S_MAX: Final = 600.0
"""How long a connection whose answer never comes is held for a client that does not give up."""

Key = Annotated[str, HeaderParameter(name="Idempotency-Key", min_length=1, max_length=255)]
After = Annotated[int, QueryParameter(ge=0)]
Limit = Annotated[int, QueryParameter(ge=1, le=1000)]
BodyT = TypeVar("BodyT", ChargeBody, CaptureBody, VoidBody, RefundBody)
HttpRequest = Request[Any, Any, State]


@post("/v1/charges")
async def charge(request: HttpRequest, key: Key) -> Response[bytes]:
    return await _perform(request, key, NO_CHARGE_YET, await _body(request, ChargeBody))


@post("/v1/charges/{charge_id:str}/captures")
async def capture(request: HttpRequest, charge_id: str, key: Key) -> Response[bytes]:
    return await _perform(request, key, charge_id, await _body(request, CaptureBody))


@post("/v1/charges/{charge_id:str}/voids")
async def void(request: HttpRequest, charge_id: str, key: Key) -> Response[bytes]:
    return await _perform(request, key, charge_id, await _body(request, VoidBody))


@post("/v1/charges/{charge_id:str}/refunds")
async def refund(request: HttpRequest, charge_id: str, key: Key) -> Response[bytes]:
    return await _perform(request, key, charge_id, await _body(request, RefundBody))


@get("/v1/operations/{key:str}")
async def operation(state: State, key: str) -> Response[bytes]:
    books: Books = state.books
    stored = books.operation(key)
    if stored is None:
        return _error(HTTPStatus.NOT_FOUND, "operation_not_found", "No operation has this key.")
    found = OperationAnswer(stored.operation, stored.http_status, Raw(stored.answer))
    return _json(HTTPStatus.OK, msgspec.json.encode(found))


@get("/v1/books")
async def books_page(state: State, after: After = 0, limit: Limit = 100) -> BooksPage:
    books: Books = state.books
    return books.page(after, limit)


@get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


async def _body(request: HttpRequest, kind: type[BodyT]) -> BodyT:
    """The request's body, strictly read: Litestar's own `data` would take the amount "100" for 100."""
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ClientException(str(error)) from error


async def _perform(request: HttpRequest, key: str, charge_id: str, body: Body) -> Response[bytes]:
    """One operation and its answer, in the manner its token asks for."""
    answer = perform(request.app.state.books, key, charge_id, body)
    match answer.manner:
        case Manner.AT_ONCE:
            pass
        case Manner.LATE:
            await asyncio.sleep(request.app.state.slow_s)
        case Manner.NEVER:
            await _disconnected(request)
            return _error(HTTPStatus.GATEWAY_TIMEOUT, "timeout", "The answer took too long.")
        case Manner.SERVER_ERROR:
            return _error(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong.")
    headers = {"Idempotency-Replayed": "true"} if answer.replayed else {}
    return _json(answer.http_status, answer.body, headers)


async def _disconnected(request: HttpRequest) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(HELD_S_MAX):
            while (await request.receive())["type"] != "http.disconnect":
                pass


def _http_error(_: HttpRequest, error: HTTPException) -> Response[bytes]:
    message = f"{error.detail} {error.extra or ''}".strip()
    return _error(error.status_code, HTTPStatus(error.status_code).name.lower(), message)


def _error(http_status: int, code: str, message: str) -> Response[bytes]:
    return _json(http_status, msgspec.json.encode(ErrorAnswer(Refusal(code, message))))


def _json(http_status: int, body: bytes, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(body, status_code=http_status, media_type=MediaType.JSON, headers=headers)


@asynccontextmanager
async def _books(app: Litestar) -> AsyncIterator[None]:
    app.state.slow_s = float(os.environ.get(SLOW_ENV, SLOW_S_DEFAULT))
    app.state.books = Books(Path(os.environ[DATA_ENV]))
    try:
        yield
    finally:
        app.state.books.close()


def create_app() -> Litestar:
    """The API over the books in the folder that the environment names."""
    return Litestar(
        [charge, capture, void, refund, operation, books_page, health, checkout.router],
        lifespan=[_books, checkout.lifespan],
        on_startup=[die_with_supervisor, settle],
        exception_handlers={HTTPException: _http_error},
        openapi_config=None,
        logging_config=None,
    )
