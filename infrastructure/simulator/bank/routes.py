"""The bank's HTTP API answers for a file only when each payment of the file is in the books, exactly once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from litestar import Litestar, MediaType, Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.params import HeaderParameter, QueryParameter

from infrastructure.simulator.bank.message import FileRefused, Message, read_message
from infrastructure.simulator.bank.register import OtherMessage, Register
from infrastructure.simulator.bank.scripted_reports import refuses_file
from infrastructure.simulator.bank.wire import BankBooks, FileAnswer, Reports
from infrastructure.simulator.books import Books
from infrastructure.simulator.tokens import Refusal
from infrastructure.simulator.wire import ErrorAnswer

PATH: Final = "/bank"
FILE_BYTES_MAX: Final = 16 * 1024 * 1024
MessageId = Annotated[str, HeaderParameter(name="X-Message-Id", min_length=1, max_length=35)]
After = Annotated[int, QueryParameter(ge=0, le=2**53)]
Limit = Annotated[int, QueryParameter(ge=1, le=1000)]


@post("/files", status_code=HTTPStatus.OK, request_max_body_size=FILE_BYTES_MAX)
async def files(request: Request[Any, Any, State], message_id: MessageId) -> FileAnswer:
    """Accept a file, or repeat the answer for a file that was accepted before."""
    register: Register = request.app.state.bank
    content = await request.body()
    reference = register.taken(message_id, content)
    if reference is None:
        # A file with thousands of payments takes a second to read; other requests do not wait in that time.
        message = await asyncio.to_thread(read_message, content)
        _require_wanted(message, message_id)
        reference = register.take(message, content)
    return FileAnswer(message_id, reference)


@get("/reports")
async def reports(state: State, after: After = 0, limit: Limit = 200) -> Reports:
    """Reports of payments; a bank with duplicate faults repeats its last report at the top of a page."""
    register: Register = state.bank
    books: Books = state.books
    said_again = after > 0 and books.dice.hits(books.dice.faults.webhooks.duplicate_percent)
    return Reports(list(register.reports(after - said_again, limit + said_again)))


@get("/books")
async def bank_books(state: State, after: After = 0, limit: Limit = 100) -> BankBooks:
    register: Register = state.bank
    return register.books(after, limit)


def _require_wanted(message: Message, message_id: str) -> None:
    if message.id != message_id:
        raise FileRefused(f"MsgId is {message.id}, and X-Message-Id {message_id}")
    if any(refuses_file(payment.creditor) for payment in message.payments):
        raise FileRefused("a creditor asks for it by name")


def _refused(_: Request[Any, Any, State], error: FileRefused) -> Response[bytes]:
    return _error(HTTPStatus.UNPROCESSABLE_ENTITY, "file_refused", str(error))


def _other_message(_: Request[Any, Any, State], error: OtherMessage) -> Response[bytes]:
    return _error(HTTPStatus.CONFLICT, "message_id_used", f"Message {error} came with another file before.")


def _error(http_status: int, code: str, message: str) -> Response[bytes]:
    body = msgspec.json.encode(ErrorAnswer(Refusal(code, message)))
    return Response(body, status_code=http_status, media_type=MediaType.JSON)


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    """The bank's own books, beside those that the application opened before."""
    options = app.state.books.options
    app.state.bank = Register(Path(options.data), options.bank_reports_after_s)
    try:
        yield
    finally:
        app.state.bank.close()


router: Final = Router(
    PATH,
    route_handlers=[files, reports, bank_books],
    exception_handlers={FileRefused: _refused, OtherMessage: _other_message},
)
