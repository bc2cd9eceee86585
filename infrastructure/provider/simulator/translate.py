"""Requests are translated into calls to the simulator and its answers into outcomes; an unclear answer is Unknown."""

# Amounts cross unchanged: both sides count minor units by ISO 4217's exponents.

from http import HTTPStatus
from typing import Annotated, Final, assert_never
from urllib.parse import quote

from msgspec import Meta, Raw, Struct

from application.provider.port import (
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
    Mismatched,
    NextAction,
    Redirect,
    Rejected,
    Transfer,
    Unknown,
)
from domain.payment.stated import Movement, Stated
from domain.routing.capabilities import Capabilities
from infrastructure.provider.interpretation import Interpretation
from infrastructure.provider.minor_units import Count, Currency, MinorUnits, stated_amount
from infrastructure.provider.reading import UNDECODABLE, decode
from infrastructure.provider.text import readable

CAPABILITIES: Final = Capabilities(methods=frozenset(MethodType))
MINOR_UNITS: Final = MinorUnits()
OPERATION_NOT_FOUND: Final = "operation_not_found"
REQUIRES_ACTION: Final = "requires_action"
CANCELED: Final = "canceled"
CHARGED: Final = frozenset({"authorized", "captured"})
CAPTURED: Final = frozenset({"partially_captured", "captured"})
REFUNDED: Final = frozenset({"partially_refunded", "refunded"})
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
    """One POST request: path, idempotency key and body."""

    path: str
    key: str
    body: ChargeBody | CaptureBody | VoidBody | RefundBody


class _Charge(Struct, frozen=True, kw_only=True):
    id: Name
    status: str
    currency: Currency
    authorized: Count
    captured: Count
    operation_key: str = ""
    action: Action | None = None

    @property
    def stated(self) -> Stated:
        """The facts that a charge states. Raises AmountUnreadable."""
        taken = self.status == "captured"
        amount = self.captured if taken else self.authorized
        return Stated(
            operation_id=self.operation_key or None,
            made=self.id,
            amount=None if self.status == REQUIRES_ACTION else stated_amount(MINOR_UNITS, amount, self.currency),
            movement=Movement.TAKEN if taken else Movement.RESERVED,
        )


class _Movement(Struct, frozen=True, kw_only=True):
    """A capture, void or refund, with the charge's status after it; `accepted` means not done yet."""

    id: Name
    charge: Name
    status: str
    amount: Count
    currency: Currency
    operation_key: str = ""

    @property
    def stated(self) -> Stated:
        """The facts that a movement states. Raises AmountUnreadable.

        A charge that is cancelled before its customer acted reserved nothing, so the amount is None.
        """
        amount = None if self.status == CANCELED else stated_amount(MINOR_UNITS, self.amount, self.currency)
        return Stated(operation_id=self.operation_key or None, charge=self.charge, made=self.id, amount=amount)


class _Error(Struct, frozen=True):
    code: str
    message: str


class _ErrorAnswer(Struct, frozen=True):
    error: _Error


class _OperationAnswer(Struct, frozen=True):
    operation: str
    http_status: int
    answer: Raw


def call(request: ProviderRequest) -> Call:
    """The POST request that asks for `request`."""
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
    """The path at which the simulator shows the result of an operation."""
    return f"/v1/operations/{operation_id}"


def outcome(request: ProviderRequest, http_status: int, body: bytes) -> Interpretation:
    """The outcome and the stated facts in the answer to the call for `request`."""
    try:
        if 200 <= http_status < 300:
            if isinstance(request, AuthorizeRequest):
                return _charged(http_status, decode(body, _Charge))
            return _moved(request, http_status, decode(body, _Movement))
        if 400 <= http_status < 500:
            error = decode(body, _ErrorAnswer).error
            if http_status == HTTPStatus.PAYMENT_REQUIRED:
                return Interpretation(declined(error.code, error.message))
            return Interpretation(Rejected(readable(error.code), readable(error.message)))
    except UNDECODABLE:
        return Interpretation(Unknown(f"undecodable answer with HTTP status {http_status}"))
    return Interpretation(Unknown(f"HTTP status {http_status}"))


def looked_up(request: ProviderRequest, http_status: int, body: bytes) -> Interpretation | None:
    """The outcome in a lookup's answer; None only when the simulator itself reports that it never saw the operation.

    Any other 404 (from a proxy, or at a wrong address) proves nothing; an operation repeated on such proof could charge
    a customer twice.
    """
    try:
        if http_status == HTTPStatus.OK:
            found = decode(body, _OperationAnswer)
            if found.operation != _operation(request):
                return Interpretation(
                    Mismatched(f"a lookup that tells of another operation, a {readable(found.operation)}")
                )
            return outcome(request, found.http_status, bytes(found.answer))
        if http_status == HTTPStatus.NOT_FOUND:
            error = decode(body, _ErrorAnswer).error
            if error.code == OPERATION_NOT_FOUND:
                return None
    except UNDECODABLE:
        return Interpretation(Unknown(f"undecodable lookup with HTTP status {http_status}"))
    return Interpretation(Unknown(f"lookup answered with HTTP status {http_status}"))


def next_action(action: Action) -> NextAction:
    """The simulator's action as a next action of the domain."""
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
    """A decline with the normalised reason."""
    return Declined(code if code in DECLINE_CODES else DECLINE_CODE_OTHER, readable(message))


def _charged(http_status: int, charge: _Charge) -> Interpretation:
    if charge.status == REQUIRES_ACTION:
        if charge.action is None:
            return Interpretation(Unknown("an action is required that the answer does not name"))
        return Interpretation(ActionRequired(charge.id, next_action(charge.action)), charge.stated)
    if http_status == HTTPStatus.ACCEPTED:
        return Interpretation(Unknown("accepted, not done yet", accepted=True))
    if charge.status not in CHARGED:
        return Interpretation(Mismatched(f"a success whose charge is {readable(charge.status)}"))
    return Interpretation(Approved(charge.id), charge.stated)


def _moved(
    request: CaptureRequest | VoidRequest | RefundRequest, http_status: int, movement: _Movement
) -> Interpretation:
    if http_status == HTTPStatus.ACCEPTED:
        return Interpretation(Unknown("accepted, not done yet", accepted=True))
    if movement.status not in _statuses_after(request):
        return Interpretation(Mismatched(f"a success whose charge is {readable(movement.status)}"))
    return Interpretation(Approved(movement.id), movement.stated)


def _statuses_after(request: CaptureRequest | VoidRequest | RefundRequest) -> frozenset[str]:
    """The possible statuses of the charge after the operation is done."""
    match request:
        case CaptureRequest():
            return CAPTURED | REFUNDED
        case VoidRequest():
            return frozenset({"voided", "captured", CANCELED}) | REFUNDED
        case RefundRequest():
            return REFUNDED
        case _:
            assert_never(request)


def _operation(request: ProviderRequest) -> str:
    """The simulator's name for the kind of operation."""
    match request:
        case AuthorizeRequest():
            return "charge"
        case CaptureRequest():
            return "capture"
        case VoidRequest():
            return "void"
        case RefundRequest():
            return "refund"
        case _:
            assert_never(request)


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
