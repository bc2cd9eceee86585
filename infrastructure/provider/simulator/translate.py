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
    ActionRequired,
    Approved,
    Collect,
    Declined,
    NextAction,
    Outcome,
    Redirect,
    Rejected,
    Transfer,
    Unknown,
)
from domain.routing.capabilities import Capabilities
from infrastructure.provider.minor_units import MinorUnits
from infrastructure.provider.reading import UNDECODABLE
from infrastructure.provider.text import readable

CAPABILITIES: Final = Capabilities(methods=frozenset(MethodType))
MINOR_UNITS: Final = MinorUnits()
OPERATION_NOT_FOUND: Final = "operation_not_found"
REQUIRES_ACTION: Final = "requires_action"
Name = Annotated[str, Meta(pattern="^[!-~]{1,255}$")]


class ChargeBody(Struct, frozen=True, omit_defaults=True):
    reference: str
    amount: int
    currency: str
    token: str
    capture: bool
    method: str
    return_url: str | None = None


class CaptureBody(Struct, frozen=True):
    amount: int
    final: bool


class VoidBody(Struct, frozen=True):
    pass


class RefundBody(Struct, frozen=True):
    amount: int


class RedirectAction(Struct, frozen=True, tag="redirect"):
    url: Annotated[str, Meta(pattern="^https?://[!-~]{1,2000}$")]


class CollectAction(Struct, frozen=True, tag="collect"):
    address: Name


class TransferAction(Struct, frozen=True, tag="transfer"):
    account: Name
    remittance: Name


Action = RedirectAction | CollectAction | TransferAction


class Call(Struct, frozen=True):
    """One POST: where, under which idempotency key, and what."""

    path: str
    key: str
    body: ChargeBody | CaptureBody | VoidBody | RefundBody


class _Created(Struct, frozen=True):
    """A charge, capture, void or refund. What is neither done nor waits for the customer is `accepted`."""

    id: Name
    status: str = ""
    action: Action | None = None


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
        case AuthorizeRequest(payment_id=payment_id, amount=amount, method=method):
            body = ChargeBody(
                reference=str(payment_id),
                amount=amount.minor,
                currency=amount.currency,
                token=method.token,
                capture=request.capture,
                method=_method(method.type),
                return_url=request.return_url,
            )
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
            return _accepted(http_status, msgspec.json.decode(body, type=_Created))
        if 400 <= http_status < 500:
            error = msgspec.json.decode(body, type=_ErrorAnswer).error
            if http_status == HTTPStatus.PAYMENT_REQUIRED:
                return declined(error.code, error.message)
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


def next_action(action: Action) -> NextAction:
    """The simulator's action in our words."""
    match action:
        case RedirectAction(url=url):
            return Redirect(url)
        case CollectAction(address=address):
            return Collect(address)
        case TransferAction(account=account, remittance=remittance):
            return Transfer(account, remittance)
        case _:
            assert_never(action)


def declined(code: str, message: str) -> Declined:
    """A no, with the reason in our words."""
    return Declined(code if code in DECLINE_CODES else DECLINE_CODE_OTHER, readable(message))


def _accepted(http_status: int, created: _Created) -> Outcome:
    if created.status == REQUIRES_ACTION:
        if created.action is None:
            return Unknown("an action is required that the answer does not name")
        return ActionRequired(created.id, next_action(created.action))
    if http_status == HTTPStatus.ACCEPTED:
        return Unknown("accepted, not done yet", accepted=True)
    return Approved(created.id)


def _method(kind: MethodType) -> str:
    match kind:
        case MethodType.CARD:
            return "card"
        case MethodType.WALLET:
            return "wallet"
        case MethodType.UPI_COLLECT:
            return "upi_collect"
        case MethodType.BANK_TRANSFER:
            return "bank_transfer"
        case _:
            assert_never(kind)


def _path(reference: str, what: str) -> str:
    return f"/v1/charges/{quote(reference, safe='')}/{what}"
