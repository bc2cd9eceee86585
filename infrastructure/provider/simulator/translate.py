"""Our requests in the simulator's words, and its answers in ours; what is not plainly an answer is Unknown.

Amounts cross unchanged: the simulator counts minor units by ISO 4217's exponents, as we do.
"""

from http import HTTPStatus
from typing import Annotated, Final, assert_never
from urllib.parse import quote

import msgspec
from msgspec import Meta, Raw, Struct

from application.provider import (
    AuthorizeRequest,
    CaptureRequest,
    ProviderRequest,
    RefundRequest,
    VoidRequest,
)
from domain.identifiers import OperationId
from domain.payment.method import MethodType
from domain.payment.outcome import (
    DECLINE_CODE_OTHER,
    DECLINE_CODES,
    Approved,
    Declined,
    Outcome,
    Rejected,
    Unknown,
)
from domain.routing.capabilities import Capabilities
from infrastructure.provider.text import readable

CAPABILITIES: Final = Capabilities(methods=frozenset({MethodType.CARD}))
OPERATION_NOT_FOUND: Final = "operation_not_found"
UNDECODABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""All that msgspec raises for bytes from outside: broken JSON or another shape, broken UTF-8, endless nesting."""


class ChargeBody(Struct, frozen=True):
    reference: str
    amount: int
    currency: str
    token: str
    capture: bool


class CaptureBody(Struct, frozen=True):
    amount: int
    final: bool


class VoidBody(Struct, frozen=True):
    pass


class RefundBody(Struct, frozen=True):
    amount: int


class Call(Struct, frozen=True):
    """One POST: where, under which idempotency key, and what."""

    path: str
    key: str
    body: ChargeBody | CaptureBody | VoidBody | RefundBody


class _Created(Struct, frozen=True):
    id: Annotated[str, Meta(pattern="^[!-~]{1,255}$")]


class _Error(Struct, frozen=True):
    code: str
    message: str


class _ErrorAnswer(Struct, frozen=True):
    error: _Error


class _OperationAnswer(Struct, frozen=True):
    http_status: int
    answer: Raw


def call(request: ProviderRequest) -> Call:
    """The POST that asks for `request`."""
    key = str(request.operation_id)
    match request:
        case AuthorizeRequest(payment_id=payment_id, amount=amount, method=method, capture=capture):
            body = ChargeBody(str(payment_id), amount.minor, amount.currency, method.token, capture)
            return Call("/v1/charges", key, body)
        case CaptureRequest(reference=reference, amount=amount, final=final):
            return Call(_path(reference, "captures"), key, CaptureBody(amount.minor, final))
        case VoidRequest(reference=reference):
            return Call(_path(reference, "voids"), key, VoidBody())
        case RefundRequest(reference=reference, amount=amount):
            return Call(_path(reference, "refunds"), key, RefundBody(amount.minor))
        case _:
            assert_never(request)


def lookup_path(operation_id: OperationId) -> str:
    """Where the simulator tells what became of an operation."""
    return f"/v1/operations/{operation_id}"


def outcome(http_status: int, body: bytes) -> Outcome:
    """What the answer to a call means."""
    try:
        if 200 <= http_status < 300:
            return Approved(msgspec.json.decode(body, type=_Created).id)
        if 400 <= http_status < 500:
            error = msgspec.json.decode(body, type=_ErrorAnswer).error
            if http_status == HTTPStatus.PAYMENT_REQUIRED:
                return Declined(_normalised(error.code), readable(error.message))
            return Rejected(readable(error.code), readable(error.message))
    except UNDECODABLE:
        return Unknown(f"undecodable answer with HTTP status {http_status}")
    return Unknown(f"HTTP status {http_status}")


def looked_up(http_status: int, body: bytes) -> Outcome | None:
    """What the answer to a lookup means; None only when the simulator itself says that it never saw the operation.

    Any other 404 (a proxy's, a wrong address) proves nothing: to believe it could charge a customer twice.
    """
    try:
        if http_status == HTTPStatus.OK:
            found = msgspec.json.decode(body, type=_OperationAnswer)
            return outcome(found.http_status, bytes(found.answer))
        if http_status == HTTPStatus.NOT_FOUND:
            error = msgspec.json.decode(body, type=_ErrorAnswer).error
            if error.code == OPERATION_NOT_FOUND:
                return None
    except UNDECODABLE:
        return Unknown(f"undecodable lookup with HTTP status {http_status}")
    return Unknown(f"lookup answered with HTTP status {http_status}")


def _path(reference: str, what: str) -> str:
    return f"/v1/charges/{quote(reference, safe='')}/{what}"


def _normalised(code: str) -> str:
    return code if code in DECLINE_CODES else DECLINE_CODE_OTHER
