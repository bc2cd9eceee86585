"""The endpoints of Checkout.com's payments under `/checkout` work on the simulator's own books."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar
from uuid import uuid4

import msgspec
from litestar import Litestar, MediaType, Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.params import QueryParameter
from msgspec.structs import replace

from infrastructure.simulator import wire
from infrastructure.simulator.actions import Method
from infrastructure.simulator.books import Books
from infrastructure.simulator.breakage import held
from infrastructure.simulator.checkout import amounts, refusals, telling
from infrastructure.simulator.checkout.movements import Body, amount_of, movement, require_possible
from infrastructure.simulator.checkout.refused import Refused
from infrastructure.simulator.checkout.register import Asked, Register
from infrastructure.simulator.checkout.wire import (
    Accepted,
    CaptureBody,
    Error,
    Link,
    Page,
    PaymentBody,
    RefundBody,
    VoidBody,
)
from infrastructure.simulator.operations import NO_CHARGE_YET, Answer, perform
from infrastructure.simulator.reading import UNDECODABLE
from infrastructure.simulator.tokens import SCRIPTED_BEHAVIOURS, Manner, Operation

PATH: Final = "/checkout"
KEY_HEADER: Final = "cko-idempotency-key"
SECRET_KEY: Final = re.compile(r"Bearer sk_[!-~]{1,200}")
FIELD_AT_FAULT: Final = re.compile(r"`\$\.([a-z0-9_.]+)`|field `([a-z0-9_]+)`")
"""The two forms in which msgspec names a faulty field: of the wrong type, or missing."""

Limit = Annotated[int, QueryParameter(ge=1, le=100)]
Skip = Annotated[int, QueryParameter(ge=0)]
BodyT = TypeVar("BodyT")
HttpRequest = Request[Any, Any, State]


@post("/payments")
async def pay(request: HttpRequest) -> Response[bytes]:
    _require_key(request)
    body, key = await _body(request, PaymentBody), _key(request)
    books, register = _books(request), _register(request)
    token = body.source.token or body.source.id
    if body.source.type not in ("token", "id") or not token:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "payment_source_invalid")
    amount = amounts.booked(body.amount, body.currency)
    if amount is None:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "amount_invalid")
    asked = Asked(
        key=key,
        operation=Operation.CHARGE,
        reference=body.reference,
        metadata=body.metadata,
        amount=amount,
        currency=body.currency,
        token=token,
        capture=body.capture,
        at=datetime.now(UTC),
    )
    register.add(asked, payment=None)
    booked_as = str(body.metadata.get("payment_id") or body.reference or key)
    charge = wire.ChargeBody(
        reference=booked_as,
        amount=amount,
        currency=body.currency,
        token=token,
        capture=body.capture,
        # The token of a wallet is handled like every other token here.
        method=Method.WALLET if token in SCRIPTED_BEHAVIOURS[Method.WALLET] else Method.CARD,
        return_url=body.success_url,
    )
    answer = perform(books, key, NO_CHARGE_YET, charge)
    made = _made(request, key, answer)
    payment = telling.payment(books, made, _base_url(request))
    await _in_manner(request, answer.manner)
    if made.approved is None:
        return _json(HTTPStatus.ACCEPTED, msgspec.json.encode(payment))
    told = refusals.told(made.refusal)
    answered = replace(
        payment,
        # Checkout.com answers before the capture, even for an immediate capture.
        status="Authorized" if made.approved else "Declined",
        action_id=telling.action_id(made.id),
        response_code=told.response_code,
        response_summary=told.response_summary,
        processed_on=made.asked.at,
    )
    return _json(HTTPStatus.CREATED, msgspec.json.encode(answered))


@post("/payments/{payment:str}/captures")
async def capture(request: HttpRequest, payment: str) -> Response[bytes]:
    return await _move(request, payment, Operation.CAPTURE, CaptureBody)


@post("/payments/{payment:str}/voids")
async def void(request: HttpRequest, payment: str) -> Response[bytes]:
    return await _move(request, payment, Operation.VOID, VoidBody)


@post("/payments/{payment:str}/refunds")
async def refund(request: HttpRequest, payment: str) -> Response[bytes]:
    return await _move(request, payment, Operation.REFUND, RefundBody)


@get("/payments")
async def payments(request: HttpRequest, reference: str, limit: Limit = 10, skip: Skip = 0) -> Response[bytes]:
    _require_key(request)
    books, register, base_url = _books(request), _register(request), _base_url(request)
    found = [made for asked in register.payments(reference) if (made := telling.done(books, asked))]
    for made in found:
        # A client that lost the first answer with the process receives the id here for the first time.
        register.name(made.asked.key, made.id)
    page = Page(
        limit=limit,
        skip=skip,
        total_count=len(found),
        data=[telling.payment(books, made, base_url) for made in found[skip : skip + limit]],
    )
    return _json(HTTPStatus.OK, msgspec.json.encode(page))


@get("/payments/{payment:str}")
async def details(request: HttpRequest, payment: str) -> Response[bytes]:
    _require_key(request)
    asked = next(iter(_register(request).of_payment(payment)), None)
    made = None if asked is None else telling.done(_books(request), asked)
    if made is None:
        raise Refused(HTTPStatus.NOT_FOUND)
    return _json(HTTPStatus.OK, msgspec.json.encode(telling.payment(_books(request), made, _base_url(request))))


@get("/payments/{payment:str}/actions")
async def actions(request: HttpRequest, payment: str) -> Response[bytes]:
    _require_key(request)
    told = telling.actions(_books(request), _register(request), payment)
    if told is None:
        raise Refused(HTTPStatus.NOT_FOUND)
    return _json(HTTPStatus.OK, msgspec.json.encode(told))


async def _move(request: HttpRequest, payment: str, operation: Operation, kind: type[Body]) -> Response[bytes]:
    """Accept a capture, void or refund with 202; the payment's actions show the result."""
    _require_key(request)
    body, key = await _body(request, kind), _key(request)
    books, register = _books(request), _register(request)
    charge = books.charge(telling.charge_id(payment))
    if charge is None:
        raise Refused(HTTPStatus.NOT_FOUND)
    before = register.by_key(key)
    moved = movement(body, charge, before)
    if books.operation(key) is None:
        require_possible(moved, charge)
    asked = Asked(
        key=key,
        operation=operation,
        reference=body.reference,
        metadata=body.metadata,
        amount=amount_of(moved, charge),
        currency=charge.currency,
        token=charge.token,
        capture=False,
        at=datetime.now(UTC),
    )
    register.add(asked, payment=payment)
    answer = perform(books, key, charge.id, moved)
    made = _made(request, key, answer)
    await _in_manner(request, answer.manner)
    links = {"payment": Link(f"{_base_url(request)}/payments/{payment}")}
    accepted = Accepted(action_id=made.id, reference=made.asked.reference, links=links)
    return _json(HTTPStatus.ACCEPTED, msgspec.json.encode(accepted))


def _made(request: HttpRequest, key: str, answer: Answer) -> telling.Done:
    """The result in the books under `key`, with its final id.

    Raises Refused when the books did nothing, or something else.
    """
    register = _register(request)
    asked = register.by_key(key)
    made = None if asked is None else telling.done(_books(request), asked)
    if answer.http_status == HTTPStatus.CONFLICT:
        raise Refused(HTTPStatus.CONFLICT, "idempotency_key_reused")
    if made is None:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "token_invalid")
    register.name(key, made.id)
    return made


async def _body(request: HttpRequest, kind: type[BodyT]) -> BodyT:
    """The body of the request, `{}` for an empty one."""
    try:
        return msgspec.json.decode(await request.body() or b"{}", type=kind)
    except UNDECODABLE as error:
        found = FIELD_AT_FAULT.search(str(error))
        code = f"{found[1] or found[2]}_{'invalid' if found[1] else 'required'}" if found else "request_malformed"
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, code) from error


def _require_key(request: HttpRequest) -> None:
    """Check the secret key; any secret key opens the only account. Raises Refused."""
    if not SECRET_KEY.fullmatch(request.headers.get("authorization", "")):
        raise Refused(HTTPStatus.UNAUTHORIZED)


def _key(request: HttpRequest) -> str:
    """The idempotency key of the request; a request without a key gets a new one."""
    return request.headers.get(KEY_HEADER) or uuid4().hex


def _books(request: HttpRequest) -> Books:
    books: Books = request.app.state.books
    return books


def _register(request: HttpRequest) -> Register:
    register: Register = request.app.state.checkout
    return register


def _base_url(request: HttpRequest) -> str:
    return str(request.base_url).rstrip("/") + PATH


async def _in_manner(request: HttpRequest, manner: Manner) -> None:
    """Answer late, never, or with an error, as the card's token asks for. Raises Refused."""
    match manner:
        case Manner.AT_ONCE:
            pass
        case Manner.LATE:
            await asyncio.sleep(_books(request).options.slow_s)
        case Manner.NEVER:
            await held(request.receive)
            raise Refused(HTTPStatus.GATEWAY_TIMEOUT)
        case Manner.SERVER_ERROR:
            raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR)


def _refuse(_: HttpRequest, refused: Refused) -> Response[bytes]:
    if not refused.error_codes:
        return _json(refused.http_status, b"")
    error = Error(request_id=str(uuid4()), error_type="request_invalid", error_codes=refused.error_codes)
    return _json(refused.http_status, msgspec.json.encode(error))


def _json(http_status: int, body: bytes) -> Response[bytes]:
    headers = {"Cko-Request-Id": str(uuid4())}
    return Response(body, status_code=http_status, media_type=MediaType.JSON, headers=headers)


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    """The dialect's own register, beside the books that the application opened before."""
    app.state.checkout = Register(Path(app.state.books.options.data))
    try:
        yield
    finally:
        app.state.checkout.close()


router: Final = Router(
    PATH,
    route_handlers=[pay, capture, void, refund, payments, details, actions],
    exception_handlers={Refused: _refuse},
)
