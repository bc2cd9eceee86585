"""The provider's HTTP API makes every effect durable before the answer leaves, even a late or lost answer."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import msgspec
from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.params import HeaderParameter, QueryParameter
from msgspec import Raw, Struct

from infrastructure.garbage import settle as settle_garbage
from infrastructure.serving import die_with_supervisor
from infrastructure.simulator import challenge, control, dispute_routes, disputes, webhooks
from infrastructure.simulator.aps.router import ROUTER as APS
from infrastructure.simulator.bank import routes as bank
from infrastructure.simulator.books import Books
from infrastructure.simulator.breakage import breaking, held
from infrastructure.simulator.checkout import routes as checkout
from infrastructure.simulator.delivery import delivering
from infrastructure.simulator.later import NOT_WAITING, act, settle
from infrastructure.simulator.operations import NO_CHARGE_YET, charge_answer, error_answer, perform
from infrastructure.simulator.options import from_environment
from infrastructure.simulator.reading import read
from infrastructure.simulator.tokens import Manner, Refusal
from infrastructure.simulator.wire import (
    Body,
    BooksPage,
    CaptureBody,
    ChargeBody,
    CustomerBody,
    OperationAnswer,
    RefundBody,
    VoidBody,
)


class EventsPage(Struct, frozen=True):
    """A page of events; `next_after` is the cursor of the next page, None on the last."""

    events: list[webhooks.Event]
    next_after: int | None


Key = Annotated[str, HeaderParameter(name="Idempotency-Key", min_length=1, max_length=255)]
After = Annotated[int, QueryParameter(ge=0)]
Limit = Annotated[int, QueryParameter(ge=1, le=1000)]
HttpRequest = Request[Any, Any, State]


@post("/v1/charges")
async def charge(request: HttpRequest, key: Key) -> Response[bytes]:
    return await _perform(request, key, NO_CHARGE_YET, await read(request, ChargeBody))


@post("/v1/charges/{charge_id:str}/captures")
async def capture(request: HttpRequest, charge_id: str, key: Key) -> Response[bytes]:
    return await _perform(request, key, charge_id, await read(request, CaptureBody))


@post("/v1/charges/{charge_id:str}/voids")
async def void(request: HttpRequest, charge_id: str, key: Key) -> Response[bytes]:
    return await _perform(request, key, charge_id, await read(request, VoidBody))


@post("/v1/charges/{charge_id:str}/refunds")
async def refund(request: HttpRequest, charge_id: str, key: Key) -> Response[bytes]:
    return await _perform(request, key, charge_id, await read(request, RefundBody))


@post("/v1/charges/{charge_id:str}/customer")
async def customer(request: HttpRequest, charge_id: str) -> Response[bytes]:
    body = await read(request, CustomerBody)
    decided = act(request.app.state.books, charge_id, approves=body.approves)
    if isinstance(decided, Refusal):
        http_status = HTTPStatus.CONFLICT if decided is NOT_WAITING else HTTPStatus.NOT_FOUND
        return _json(http_status, error_answer(decided))
    return _json(HTTPStatus.OK, charge_answer(decided))


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


@get("/v1/events")
async def events(
    state: State, since: datetime, until: datetime, after: After = 0, limit: Limit = 100
) -> Response[bytes]:
    """The events from `since` until before `until`, after the cursor `after`, in the form that webhooks have."""
    books: Books = state.books
    found = books.happened(since.timestamp(), until.timestamp(), after, limit + 1)
    page = EventsPage(
        [webhooks.event(notice) for _, notice in found[:limit]],
        next_after=found[limit - 1][0] if len(found) > limit else None,
    )
    return _json(HTTPStatus.OK, msgspec.json.encode(page))


@get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


async def _perform(request: HttpRequest, key: str, charge_id: str, body: Body) -> Response[bytes]:
    """Carry out one operation, and answer in the manner that its token asks for."""
    answer = perform(request.app.state.books, key, charge_id, body)
    match answer.manner:
        case Manner.AT_ONCE:
            pass
        case Manner.LATE:
            await asyncio.sleep(request.app.state.slow_s)
        case Manner.NEVER:
            await held(request.receive)
            return _error(HTTPStatus.GATEWAY_TIMEOUT, "timeout", "The answer took too long.")
        case Manner.SERVER_ERROR:
            return _error(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong.")
    headers = {"Idempotency-Key": key} | ({"Idempotency-Replayed": "true"} if answer.replayed else {})
    return _json(answer.http_status, answer.body, headers)


def _http_error(_: HttpRequest, error: HTTPException) -> Response[bytes]:
    message = f"{error.detail} {error.extra or ''}".strip()
    return _error(error.status_code, HTTPStatus(error.status_code).name.lower(), message)


def _error(http_status: int, code: str, message: str) -> Response[bytes]:
    return _json(http_status, error_answer(Refusal(code, message)))


def _json(http_status: int, body: bytes, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(body, status_code=http_status, media_type=MediaType.JSON, headers=headers)


@asynccontextmanager
async def _books(app: Litestar) -> AsyncIterator[None]:
    """The books, and the background tasks on them."""
    options = from_environment(os.environ)
    books = app.state.books = Books(Path(options.data), options)
    app.state.slow_s = options.slow_s
    settling = asyncio.create_task(settle(books))
    try:
        async with delivering(books):
            yield
    finally:
        settling.cancel()
        await asyncio.gather(settling, return_exceptions=True)
        books.close()


def create_app() -> Litestar:
    """The API over the books in the folder that the environment names."""
    return Litestar(
        [
            *(charge, capture, void, refund, customer, operation, books_page, events, health),
            *challenge.ROUTES,
            *control.ROUTES,
            *dispute_routes.ROUTES,
            APS,
            checkout.router,
            bank.router,
        ],
        lifespan=[_books, checkout.lifespan, bank.lifespan, disputes.lifespan],
        middleware=[breaking],
        on_startup=[die_with_supervisor, settle_garbage],
        exception_handlers={HTTPException: _http_error},
        openapi_config=None,
        logging_config=None,
    )
