"""Requests are translated for Checkout.com and its answers into outcomes; an unclear answer is Unknown."""

# Checkout.com accepts captures, voids and refunds with status 202 and carries them out later: their result is in the
# actions of the payment, under the reference that we sent.

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, assert_never
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from application.provider.port import (
    AuthorizeRequest,
    CaptureRequest,
    ProviderRequest,
    RefundRequest,
    VoidRequest,
)
from domain.money.money import Money
from domain.payment.method import MethodType
from domain.payment.outcome import (
    DECLINE_CODE_CANCELED,
    DECLINE_CODE_OTHER,
    ActionRequired,
    Approved,
    Declined,
    Mismatched,
    Outcome,
    Redirect,
    Rejected,
    Unavailable,
    Unknown,
)
from domain.payment.stated import Movement, Stated
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
from infrastructure.provider.interpretation import Interpretation
from infrastructure.provider.minor_units import stated_amount, steps_of
from infrastructure.provider.reading import UNDECODABLE, decode
from infrastructure.provider.text import readable

CAPABILITIES: Final = Capabilities(
    methods=frozenset({MethodType.CARD, MethodType.WALLET}),
    currencies=amounts.CURRENCIES,
    steps_minor=steps_of(amounts.sent),
)
"""Apple Pay and Google Pay become tokens, like the token of a card, before a request reaches us."""
QUOTA_EXCEEDED: Final = "api_calls_quota_exceeded"
ENDED: Final = frozenset({"Declined", "Canceled", "Expired", "Voided"})
"""The final statuses of a payment that has taken no money."""
CANCELED: Final = frozenset({"Canceled", "Voided"})
"""The final statuses that are no refusal."""
STORED_INSTRUMENT: Final = "src_"
LISTED_MAX: Final = 10


class Call(Struct, frozen=True):
    """One POST request: path, idempotency key and body."""

    path: str
    key: str
    body: PaymentBody | CaptureBody | VoidBody | RefundBody


class TakenOn(Struct, frozen=True):
    """Checkout.com is carrying out the request, or has done so; the payment's actions show the result.

    `payment` is the answer to an authorisation.
    """

    payment: Payment | None = None


def call(request: ProviderRequest, processing_channel_id: str | None = None) -> Call:
    """The POST request that asks for `request`. Raises NotRepresentable."""
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
                # Without a return URL for the customer a challenge could only fail.
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
    """The path that lists the payments of this attempt: one, or none."""
    return f"/payments?limit={LISTED_MAX}&skip=0&reference={naming.reference(request.operation_id)}"


def answered(request: ProviderRequest, http_status: int, body: bytes) -> Interpretation | TakenOn:
    """The meaning of the answer to a POST request at this point; TakenOn where the actions have to decide."""
    try:
        if http_status in (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED):
            if isinstance(request, AuthorizeRequest):
                return _paid(request, decode(body, Payment))
            named = decode(body, Accepted).reference
            if named not in (None, naming.reference(request.operation_id)):
                return Interpretation(Mismatched(f"the answer is about the operation {readable(named)}"))
            return TakenOn()
    except UNDECODABLE:
        return Interpretation(Unknown(f"undecodable answer with HTTP status {http_status}"))
    return Interpretation(_refused(http_status, body))


def listed(http_status: int, body: bytes) -> Payment | Unknown | None:
    """The one payment of an attempt; None only when Checkout.com lists none under its reference."""
    if http_status != HTTPStatus.OK:
        return Unknown(f"lookup answered with HTTP status {http_status}")
    try:
        found = decode(body, Listed)
    except UNDECODABLE:
        return Unknown("undecodable lookup with HTTP status 200")
    if not found.data and not found.total_count:
        return None
    if len(found.data) != 1 or found.total_count != 1:
        return Mismatched(f"{found.total_count} payments have the attempt's reference")
    return found.data[0]


def actions(http_status: int, body: bytes) -> list[Action] | Unknown:
    """The actions of a payment at Checkout.com."""
    if http_status != HTTPStatus.OK:
        return Unknown(f"the payment's actions were answered with HTTP status {http_status}")
    try:
        return decode(body, list[Action])
    except UNDECODABLE:
        return Unknown("undecodable actions of the payment")


def attempted(request: AuthorizeRequest, payment: Payment, done: Sequence[Action]) -> Interpretation:
    """The outcome and the stated facts of an attempt, from its payment and the payment's actions."""
    return _said(_attempted(request, payment, done), request, payment, done)


def _attempted(request: AuthorizeRequest, payment: Payment, done: Sequence[Action]) -> Outcome:
    """The outcome of an attempt.

    For an attempt with immediate capture only the capture decides: an authorisation is no money yet.
    """
    authorizations, captures = _of("Authorization", done), _of("Capture", done)
    if any(capture.approved for capture in captures):
        return Approved(payment.id)
    if any(authorization.approved for authorization in authorizations):
        if not request.capture:
            return Approved(payment.id)
        refusal = next((capture for capture in captures if capture.approved is False), None)
        if refusal is not None:
            # Whatever the reason, the funds are reserved: the reason must not allow a try at another provider.
            return Declined("capture_declined", _declined(refusal, "capture_declined").message)
        if payment.status in ENDED:
            return Declined(DECLINE_CODE_OTHER, f"nothing was captured; the payment is {readable(payment.status)}")
        return Unknown("authorised, and not captured yet", accepted=True)
    if payment.status in ENDED:
        refusal = next((tried for tried in authorizations if tried.approved is False), None)
        other = DECLINE_CODE_CANCELED if payment.status in CANCELED else DECLINE_CODE_OTHER
        return _declined(payment, other) if refusal is None else _declined(refusal)
    return _pending(payment)


def moved(request: CaptureRequest | VoidRequest | RefundRequest, done: Sequence[Action]) -> Interpretation | None:
    """The outcome of a capture, void or refund; None when the payment has no action with its reference."""
    kind, other = _kind(request)
    named = naming.reference(request.operation_id)
    actions_named = [action for action in done if action.reference == named]
    if not actions_named:
        return None
    if len(actions_named) > 1 or actions_named[0].type != kind:
        told = ", ".join(action.type for action in actions_named)
        return Interpretation(Mismatched(readable(f"the operation's name stands on other actions: {told}")))
    (action,) = actions_named
    match action.approved:
        case None:
            return Interpretation(Unknown(f"accepted; {kind.lower()} {action.id} is under way", accepted=True))
        case True:
            outcome: Outcome = Approved(action.id)
        case False:
            outcome = _declined(action, other)
    return Interpretation(outcome, Stated(made=action.id, amount=_counted(action, request.amount.currency)))


def _paid(request: AuthorizeRequest, payment: Payment) -> Interpretation | TakenOn:
    """The meaning of the first answer to an authorisation.

    The first answer must match the request, although the actions bring the final result.
    """
    stated = _stated(payment, Movement.TAKEN if request.capture else Movement.RESERVED)
    if payment.approved is True and payment.status == "Authorized":
        return TakenOn(payment) if request.capture else Interpretation(Approved(payment.id), stated)
    if payment.approved is True and payment.status == "Captured":
        if request.capture:
            return TakenOn(payment)
        return Interpretation(Approved(payment.id), _stated(payment, Movement.TAKEN))
    if payment.approved is False and payment.status in ENDED:
        return Interpretation(_declined(payment), stated)
    if payment.approved:
        return Interpretation(Mismatched(f"an approval of a payment that is {readable(payment.status)}"))
    return Interpretation(_pending(payment), stated)


def _said(outcome: Outcome, request: AuthorizeRequest, payment: Payment, done: Sequence[Action]) -> Interpretation:
    """An attempt's outcome with the facts stated by its payment, and by the action that decides the outcome."""
    captured = [action for action in _of("Capture", done) if action.approved]
    stated = _stated(payment, Movement.TAKEN if captured else Movement.RESERVED)
    telling = captured or [action for action in _of("Authorization", done) if action.approved]
    amounts_told = [told for action in telling if (told := _counted(action, payment.currency)) is not None]
    if isinstance(outcome, Approved) and payment.status == "Declined":
        return Interpretation(Mismatched("an action of the payment is approved, and the payment is declined"))
    if len(telling) > 1:
        return Interpretation(Mismatched(f"{len(telling)} actions of the payment did what one was asked to"))
    if amounts_told and stated.amount == request.amount:
        # The payment states the requested amount, its action the amount that was moved.
        stated = replace(stated, amount=amounts_told[0])
    return Interpretation(outcome, stated)


def _stated(payment: Payment, movement: Movement) -> Stated:
    """The facts that a payment states. Raises AmountUnreadable."""
    ours = None if payment.reference is None else naming.named(payment.reference)
    amount = stated_amount(amounts.UNITS, payment.amount, payment.currency)
    return Stated(operation_id=ours, made=payment.id, amount=amount, movement=movement)


def _counted(action: Action, currency: str) -> Money | None:
    """An action's amount in its payment's currency, because an action states none. Raises AmountUnreadable."""
    return stated_amount(amounts.UNITS, action.amount, currency)


def _pending(payment: Payment) -> Outcome:
    redirect = payment.links.redirect
    if payment.status == "Pending" and redirect is not None:
        return ActionRequired(payment.id, Redirect(redirect.href))
    return Unknown(f"accepted; payment {payment.id} is {readable(payment.status)}", accepted=True)


def _declined(told: Payment | Action, other: str = DECLINE_CODE_OTHER) -> Declined:
    said = told.response_summary or (told.status if isinstance(told, Payment) else told.type)
    return Declined(decline_code(told.response_code, other), readable(said))


def _refused(http_status: int, body: bytes) -> Outcome:
    said = _error(body)
    codes = said.error_codes or []
    if http_status == HTTPStatus.UNPROCESSABLE_ENTITY and QUOTA_EXCEEDED in codes:
        return Unavailable(f"HTTP status {http_status}: {QUOTA_EXCEEDED}")
    match http_status:
        case HTTPStatus.BAD_REQUEST | HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN | HTTPStatus.NOT_FOUND:
            code = codes[0] if codes else said.error_type or HTTPStatus(http_status).name.lower()
            return Rejected(readable(code), readable(", ".join(codes) or f"HTTP status {http_status}"))
        case HTTPStatus.UNPROCESSABLE_ENTITY if codes:
            return Rejected(readable(codes[0]), readable(", ".join(codes)))
    return Unknown(f"HTTP status {http_status}")


def _error(body: bytes) -> Error:
    """The error in the body; an empty Error without a body, which 401, 403 and 404 may lack."""
    try:
        return decode(body, Error)
    except UNDECODABLE:
        return Error()


def was_never_begun(http_status: int, body: bytes) -> bool:
    """Whether the request was refused for the rate limit alone, and was not begun.

    Checkout.com also answers 429 to a request whose twin is in progress, and the twin may charge the customer.
    """
    return http_status == HTTPStatus.TOO_MANY_REQUESTS and QUOTA_EXCEEDED in (_error(body).error_codes or [])


def _of(kind: str, done: Sequence[Action]) -> list[Action]:
    return [action for action in done if action.type == kind]


def _kind(request: CaptureRequest | VoidRequest | RefundRequest) -> tuple[str, str]:
    """The type of the request's action, and the decline code of a refusal without a known reason."""
    match request:
        case CaptureRequest():
            return "Capture", "capture_declined"
        case VoidRequest():
            return "Void", DECLINE_CODE_OTHER
        case RefundRequest():
            return "Refund", "refund_declined"
        case _:
            assert_never(request)
