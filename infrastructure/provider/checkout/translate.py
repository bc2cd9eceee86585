"""Our requests in Checkout.com's words, and its answers in ours; what is not plainly an answer is Unknown.

It takes captures, voids and refunds on with 202 and carries them out later: what became of one is in the actions of
its payment, under the reference that we gave it.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, assert_never
from urllib.parse import quote

import msgspec
from msgspec import Struct

from application.provider import (
    AuthorizeRequest,
    CaptureRequest,
    ProviderRequest,
    RefundRequest,
    VoidRequest,
)
from domain.payment.method import MethodType
from domain.payment.outcome import (
    DECLINE_CODE_CANCELED,
    DECLINE_CODE_OTHER,
    ActionRequired,
    Approved,
    Declined,
    Outcome,
    Redirect,
    Rejected,
    Unavailable,
    Unknown,
)
from domain.routing.capabilities import Capabilities
from infrastructure.provider.checkout import amounts, naming
from infrastructure.provider.checkout.response_codes import decline_code
from infrastructure.provider.checkout.wire import (
    Accepted,
    Action,
    CaptureBody,
    Error,
    InstrumentSource,
    Listed,
    Payment,
    PaymentBody,
    RefundBody,
    ThreeDs,
    TokenSource,
    VoidBody,
)
from infrastructure.provider.minor_units import steps_of
from infrastructure.provider.reading import UNDECODABLE
from infrastructure.provider.text import readable

CAPABILITIES: Final = Capabilities(
    methods=frozenset({MethodType.CARD, MethodType.WALLET}),
    currencies=amounts.CURRENCIES,
    steps_minor=steps_of(amounts.sent),
)
"""Apple Pay and Google Pay become tokens like a card's before they reach us."""
QUOTA_EXCEEDED: Final = "api_calls_quota_exceeded"
ENDED: Final = frozenset({"Declined", "Canceled", "Expired", "Voided"})
"""The statuses in which a payment that has taken nothing never will."""
CANCELED: Final = frozenset({"Canceled", "Voided"})
"""Those of them in which nobody has refused it."""
STORED_INSTRUMENT: Final = "src_"
LISTED_MAX: Final = 10


class Call(Struct, frozen=True):
    """One POST: where, under which idempotency key, and what."""

    path: str
    key: str
    body: PaymentBody | CaptureBody | VoidBody | RefundBody


class TakenOn(Struct, frozen=True):
    """Checkout.com does, or did, what was asked; the actions of the payment `reference` tell how it ended."""

    reference: str


def call(request: ProviderRequest, processing_channel_id: str | None = None) -> Call:
    """The POST that asks for `request`. Raises NotRepresentable."""
    key, named, metadata = str(request.operation_id), naming.reference(request.operation_id), naming.metadata(request)
    match request:
        case AuthorizeRequest(amount=amount, method=method, capture=capture, return_url=return_url):
            stored = method.token.startswith(STORED_INSTRUMENT)
            body = PaymentBody(
                source=InstrumentSource(method.token) if stored else TokenSource(method.token),
                amount=amounts.sent(amount),
                currency=amount.currency,
                capture=capture,
                reference=named,
                metadata=metadata,
                success_url=return_url,
                failure_url=return_url,
                # Without a way back for the customer a challenge could only fail.
                three_ds=None if return_url is None else ThreeDs(enabled=True, attempt_n3d=True),
                processing_channel_id=processing_channel_id,
            )
            return Call("/payments", key, body)
        case CaptureRequest(reference=payment, amount=amount, final=final):
            capture_type = "Final" if final else "NonFinal"
            taken = CaptureBody(
                amount=amounts.sent(amount), capture_type=capture_type, reference=named, metadata=metadata
            )
            return Call(payment_path(payment, "captures"), key, taken)
        case VoidRequest(reference=payment):
            return Call(payment_path(payment, "voids"), key, VoidBody(reference=named, metadata=metadata))
        case RefundRequest(reference=payment, amount=amount):
            given = RefundBody(amount=amounts.sent(amount), reference=named, metadata=metadata)
            return Call(payment_path(payment, "refunds"), key, given)
        case _:
            assert_never(request)


def payment_path(payment: str, what: str) -> str:
    return f"/payments/{quote(payment, safe='')}/{what}"


def listing_path(request: AuthorizeRequest) -> str:
    """Where the payments of this attempt are listed: one, or none."""
    return f"/payments?limit={LISTED_MAX}&skip=0&reference={naming.reference(request.operation_id)}"


def answered(request: ProviderRequest, http_status: int, body: bytes) -> Outcome | TakenOn:
    """What the answer to a POST means so far."""
    try:
        if http_status in (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED):
            if isinstance(request, AuthorizeRequest):
                return _paid(request, msgspec.json.decode(body, type=Payment))
            msgspec.json.decode(body, type=Accepted)
            return TakenOn(request.reference)
    except UNDECODABLE:
        return Unknown(f"undecodable answer with HTTP status {http_status}")
    return _refused(http_status, body)


def listed(http_status: int, body: bytes) -> Payment | Unknown | None:
    """The one payment of an attempt; None only when Checkout.com lists none under its reference."""
    if http_status != HTTPStatus.OK:
        return Unknown(f"lookup answered with HTTP status {http_status}")
    try:
        found = msgspec.json.decode(body, type=Listed)
    except UNDECODABLE:
        return Unknown("undecodable lookup with HTTP status 200")
    if not found.data and not found.total_count:
        return None
    if len(found.data) != 1 or found.total_count != 1:
        return Unknown(f"{found.total_count} payments have the attempt's reference")
    return found.data[0]


def actions(http_status: int, body: bytes) -> list[Action] | Unknown:
    """What Checkout.com has done about a payment."""
    if http_status != HTTPStatus.OK:
        return Unknown(f"the payment's actions were answered with HTTP status {http_status}")
    try:
        return msgspec.json.decode(body, type=list[Action])
    except UNDECODABLE:
        return Unknown("undecodable actions of the payment")


def attempted(request: AuthorizeRequest, payment: Payment, done: Sequence[Action]) -> Outcome:
    """What became of an attempt, by its payment and the actions of that.

    Of an attempt that is to be captured at once only the capture tells: an authorisation is no money yet.
    """
    authorizations, captures = _of("Authorization", done), _of("Capture", done)
    if any(capture.approved for capture in captures):
        return Approved(payment.id)
    if any(authorization.approved for authorization in authorizations):
        if not request.capture:
            return Approved(payment.id)
        refusal = next((capture for capture in captures if capture.approved is False), None)
        if refusal is not None:
            # Whatever the reason, the funds are reserved: no reason by which another provider might be asked as well.
            return Declined("capture_declined", _declined(refusal, "capture_declined").message)
        if payment.status in ENDED:
            return Declined(DECLINE_CODE_OTHER, f"nothing was captured; the payment is {readable(payment.status)}")
        return Unknown("authorised, and not captured yet", accepted=True)
    if payment.status in ENDED:
        refusal = next((tried for tried in authorizations if tried.approved is False), None)
        other = DECLINE_CODE_CANCELED if payment.status in CANCELED else DECLINE_CODE_OTHER
        return _declined(payment, other) if refusal is None else _declined(refusal)
    return _pending(payment)


def moved(request: CaptureRequest | VoidRequest | RefundRequest, done: Sequence[Action]) -> Outcome | None:
    """What became of a capture, void or refund; None when the payment has no action with its reference."""
    kind, other = _kind(request)
    named = naming.reference(request.operation_id)
    action = next((action for action in _of(kind, done) if action.reference == named), None)
    if action is None:
        return None
    match action.approved:
        case None:
            return Unknown(f"accepted; {kind.lower()} {action.id} is under way", accepted=True)
        case True:
            return Approved(action.id)
        case False:
            return _declined(action, other)


def _paid(request: AuthorizeRequest, payment: Payment) -> Outcome | TakenOn:
    if payment.approved:
        return TakenOn(payment.id) if request.capture else Approved(payment.id)
    if payment.approved is False and payment.status in ENDED:
        return _declined(payment)
    return _pending(payment)


def _pending(payment: Payment) -> Outcome:
    redirect = payment.links.redirect
    if payment.status == "Pending" and redirect is not None:
        return ActionRequired(payment.id, Redirect(redirect.href))
    return Unknown(f"accepted; payment {payment.id} is {readable(payment.status)}", accepted=True)


def _declined(told: Payment | Action, other: str = DECLINE_CODE_OTHER) -> Declined:
    said = told.response_summary or (told.status if isinstance(told, Payment) else told.type)
    return Declined(decline_code(told.response_code, other), readable(said))


def _refused(http_status: int, body: bytes) -> Outcome:
    """Checkout.com answers 429 to too many requests and to one whose twin is under way, and the twin may charge."""
    said = _error(body)
    codes = said.error_codes or []
    if http_status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.UNPROCESSABLE_ENTITY) and QUOTA_EXCEEDED in codes:
        return Unavailable(f"HTTP status {http_status}: {QUOTA_EXCEEDED}")
    match http_status:
        case HTTPStatus.BAD_REQUEST | HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN | HTTPStatus.NOT_FOUND:
            code = codes[0] if codes else said.error_type or HTTPStatus(http_status).name.lower()
            return Rejected(readable(code), readable(", ".join(codes) or f"HTTP status {http_status}"))
        case HTTPStatus.UNPROCESSABLE_ENTITY if codes:
            return Rejected(readable(codes[0]), readable(", ".join(codes)))
    return Unknown(f"HTTP status {http_status}")


def _error(body: bytes) -> Error:
    """401, 403 and 404 come with or without a body."""
    try:
        return msgspec.json.decode(body, type=Error)
    except UNDECODABLE:
        return Error()


def _of(kind: str, done: Sequence[Action]) -> list[Action]:
    return [action for action in done if action.type == kind]


def _kind(request: CaptureRequest | VoidRequest | RefundRequest) -> tuple[str, str]:
    """The type of the request's action, and what a refusal without a known reason is."""
    match request:
        case CaptureRequest():
            return "Capture", "capture_declined"
        case VoidRequest():
            return "Void", DECLINE_CODE_OTHER
        case RefundRequest():
            return "Refund", "refund_declined"
        case _:
            assert_never(request)
