"""Requests are translated into calls to Stripe and its answers into outcomes; an unclear answer is Unknown."""

# A lookup finds an operation by our own id, which Stripe keeps in the metadata of the created object. Stripe's search
# would find the object in one call, but lags behind by up to a minute, and longer in an outage (docs.stripe.com/search:
# not for reading what was just written): a charge that the search does not find yet would be made again. A lookup
# therefore reads the lists, which are current, from the time of the first request on. A list that is too long to be
# read to its end proves nothing.

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, assert_never
from urllib.parse import quote, urlencode

from msgspec import Struct

from application.provider.port import AuthorizeRequest, CaptureRequest, ProviderRequest, RefundRequest, VoidRequest
from domain.identifiers import OperationId
from domain.money.currencies import UnknownCurrency
from domain.payment.method import CardBrand, MethodType
from domain.payment.outcome import DECLINE_CODE_OTHER, Mismatched, Outcome, Rejected, Unknown
from domain.payment.stated import Stated
from domain.routing.capabilities import Capabilities
from infrastructure.provider.interpretation import NOTHING, Interpretation
from infrastructure.provider.minor_units import NotRepresentable, steps_of
from infrastructure.provider.reading import UNDECODABLE, decode
from infrastructure.provider.stripe.amounts import sent
from infrastructure.provider.stripe.objects import (
    CAPTURE_OPERATION_ID,
    OPERATION_ID,
    Error,
    PaymentIntent,
    Payments,
    Refund,
    Refunds,
    StripeId,
)
from infrastructure.provider.text import readable

API_VERSION: Final = "2026-02-25.clover"
"""The pinned API version, whose answers this module reads, whatever the account's default version.

The parameters that are sent exist in this version and in the later ones up to 2026-10-28.endive.
"""

CAPABILITIES: Final = Capabilities(
    methods=frozenset({MethodType.CARD, MethodType.WALLET}),
    brands=frozenset(CardBrand) - {CardBrand.RUPAY, CardBrand.MADA},
    several_captures=False,
    steps_minor=steps_of(sent),
)
"""The wallets are those that hand over a card (Apple Pay, Google Pay).

Stripe's bank transfers need a customer object at Stripe, and Stripe offers UPI only to accounts in India; neither is
supported here.
"""

PAGE_SIZE: Final = 50
"""Stripe allows 100, but a page must fit in an answer, and each object may carry some kilobytes of metadata."""
CLOCKS_APART_S: Final = 300
NOT_BEGUN: Final = frozenset({"rate_limit", "lock_timeout"})
"""The codes of a 429 answer. Source: docs.stripe.com/rate-limits and docs.stripe.com/error-codes."""


class Call(Struct, frozen=True):
    """One POST request: path, idempotency key and form-encoded body."""

    path: str
    key: str
    form: Mapping[str, str]

    @property
    def body(self) -> bytes:
        return urlencode(self.form).encode()


class Page(Struct, frozen=True):
    """One page of a list: all entries with the operation's id, and the id after which the next page begins."""

    found: tuple[Interpretation, ...]
    after: StripeId | None


class _ErrorAnswer(Struct, frozen=True):
    error: Error


def call(request: ProviderRequest) -> Call | Rejected:
    """The POST request that asks for `request`; Rejected when Stripe cannot represent the amount."""
    key = str(request.operation_id)
    try:
        match request:
            case AuthorizeRequest():
                return Call("/v1/payment_intents", key, _intent(request))
            case CaptureRequest(reference=reference, amount=amount):
                # Never `final_capture`: Stripe refuses it from an account without multicapture.
                form = {"amount_to_capture": str(sent(amount)), f"metadata[{CAPTURE_OPERATION_ID}]": key}
                return Call(f"{intent_path(reference)}/capture", key, form)
            case VoidRequest(reference=reference):
                return Call(f"{intent_path(reference)}/cancel", key, {})
            case RefundRequest(reference=reference, amount=amount, payment_id=payment_id):
                form = {"payment_intent": reference, "amount": str(sent(amount))}
                return Call("/v1/refunds", key, form | _metadata(payment_id=str(payment_id), operation_id=key))
            case _:
                assert_never(request)
    except (NotRepresentable, UnknownCurrency) as error:
        return Rejected("amount_not_representable", readable(str(error)))


def intent_path(reference: str) -> str:
    """The path of a payment intent at Stripe."""
    return f"/v1/payment_intents/{quote(reference, safe='')}"


def list_path(request: AuthorizeRequest | RefundRequest, after: StripeId | None) -> str:
    """The path of the page after `after` (None for the first page) of the list that shows `request` if carried out."""
    query = {"limit": str(PAGE_SIZE)} | ({"starting_after": after} if after else {})
    match request:
        case AuthorizeRequest(asked_at=asked_at):
            window = {} if asked_at is None else {"created[gte]": str(int(asked_at.timestamp()) - CLOCKS_APART_S)}
            return f"/v1/payment_intents?{urlencode(query | window)}"
        case RefundRequest(reference=reference):
            return f"/v1/refunds?{urlencode(query | {'payment_intent': reference})}"


def outcome(request: ProviderRequest, http_status: int, body: bytes) -> Interpretation:
    """The outcome and the stated facts in the answer to the call for `request`."""
    try:
        if 200 <= http_status < 300:
            return _done(request, body)
        if 400 <= http_status < 500:
            error = decode(body, _ErrorAnswer).error
            return Interpretation(_refused(request, http_status, error), _stated_of(request, error))
    except UNDECODABLE:
        return Interpretation(Unknown(f"undecodable answer with HTTP status {http_status}"))
    return Interpretation(Unknown(f"HTTP status {http_status}"))


def was_never_begun(http_status: int, body: bytes) -> bool:
    """Whether Stripe refused a request before its begin: for its rate, or because another request locks the object."""
    try:
        code = decode(body, _ErrorAnswer).error.code
    except UNDECODABLE:
        return False
    return http_status == HTTPStatus.TOO_MANY_REQUESTS and code in NOT_BEGUN


def page(request: AuthorizeRequest | RefundRequest, http_status: int, body: bytes) -> Page | Unknown:
    """The entries on a page of the list that belong to `request`."""
    if http_status != HTTPStatus.OK:
        return Unknown(f"lookup answered with HTTP status {http_status}")
    ours = request.operation_id
    try:
        match request:
            case AuthorizeRequest():
                intents = decode(body, Payments)
                of_ours = (one for one in intents.data if one.operation(OPERATION_ID) == ours)
                found = tuple(one.as_authorization() for one in of_ours)
                return Page(found, intents.data[-1].id if intents.has_more else None)
            case RefundRequest():
                refunds = decode(body, Refunds)
                found = tuple(one.as_refund() for one in refunds.data if one.operation() == ours)
                return Page(found, refunds.data[-1].id if refunds.has_more else None)
    except (*UNDECODABLE, IndexError):
        return Unknown("undecodable lookup")


def looked_up(request: CaptureRequest | VoidRequest, http_status: int, body: bytes) -> Interpretation | None:
    """The outcome of a capture or a void by its payment intent; None when the operation was not carried out.

    A missing intent proves nothing: with the wrong account or mode the answer would be the same.
    """
    if http_status != HTTPStatus.OK:
        return Interpretation(Unknown(f"lookup answered with HTTP status {http_status}"))
    try:
        intent = decode(body, PaymentIntent)
        if intent.id != request.reference:
            return Interpretation(Mismatched(f"a lookup that tells of another payment intent, {intent.id}"))
        match request:
            case CaptureRequest(operation_id=operation_id):
                return _capture_of(intent, operation_id)
            case VoidRequest():
                return _void_of(intent)
    except UNDECODABLE:
        return Interpretation(Unknown("undecodable lookup"))


def _capture_of(intent: PaymentIntent, operation_id: OperationId) -> Interpretation | None:
    """The outcome of the only capture of an intent, which leaves the id of its operation in the metadata."""
    captured_by = intent.operation(CAPTURE_OPERATION_ID)
    match intent.status:
        case "requires_capture" | "canceled":
            return None
        case "succeeded" if captured_by == operation_id:
            return intent.as_capture()
        case "succeeded" if captured_by is not None:
            return None
        case "succeeded":
            return Interpretation(Unknown(f"payment intent {intent.id} was captured, and not by an operation of ours"))
        case _:
            return Interpretation(intent.undecided())


def _void_of(intent: PaymentIntent) -> Interpretation | None:
    """The outcome of a void; any cancellation counts, because nothing is reserved afterwards."""
    match intent.status:
        case "canceled":
            return intent.as_void()
        case "requires_capture" | "succeeded" | "requires_action" | "requires_confirmation" | "requires_payment_method":
            return None
        case _:
            return Interpretation(intent.undecided())


def _intent(request: AuthorizeRequest) -> dict[str, str]:
    """The form that creates and confirms a payment intent.

    `error_on_requires_action` turns an authentication without a return URL into a decline, not a dead end. The accepted
    types of payment method are not listed, because `payment_method_types` is no longer a parameter. A type that
    redirects the customer needs a return URL; Stripe refuses to confirm without one.
    """
    back = request.return_url
    return (
        {
            "amount": str(sent(request.amount)),
            "currency": request.amount.currency.lower(),
            "capture_method": "automatic" if request.capture else "manual",
            "confirm": "true",
            "payment_method": request.method.token,
            "automatic_payment_methods[enabled]": "true",
            "automatic_payment_methods[allow_redirects]": "never" if back is None else "always",
        }
        | _metadata(payment_id=str(request.payment_id), operation_id=str(request.operation_id))
        | ({"error_on_requires_action": "true"} if back is None else {"return_url": back})
    )


def _metadata(**entries: str) -> dict[str, str]:
    return {f"metadata[{name}]": value for name, value in entries.items()}


def _done(request: ProviderRequest, body: bytes) -> Interpretation:
    match request:
        case AuthorizeRequest():
            return decode(body, PaymentIntent).as_authorization()
        case CaptureRequest():
            return decode(body, PaymentIntent).as_capture()
        case VoidRequest():
            return decode(body, PaymentIntent).as_void()
        case RefundRequest():
            return decode(body, Refund).as_refund()
        case _:
            assert_never(request)


def _stated_of(request: ProviderRequest, error: Error) -> Stated:
    """The facts about the intent that an error names: its metadata for an authorisation, else its id."""
    intent = error.payment_intent
    if intent is None:
        return NOTHING
    if isinstance(request, AuthorizeRequest):
        return Stated(operation_id=intent.operation)
    return Stated(charge=intent.id)


def _refused(request: ProviderRequest, http_status: int, error: Error) -> Outcome:
    """The outcome of an error; a conflict of idempotency keys is Unknown, because another request runs or ran."""
    message = readable(error.message or "")
    if error.type == "idempotency_error":
        return Unknown(f"idempotency conflict: {message}")
    if http_status == HTTPStatus.PAYMENT_REQUIRED or error.type == "card_error":
        return error.declined(_plain_no(request))
    if error.type == "invalid_request_error" or http_status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Rejected(readable(error.code or error.type or "refused"), message)
    return Unknown(readable(f"HTTP status {http_status}, {error.type}: {message}"))


def _plain_no(request: ProviderRequest) -> str:
    match request:
        case CaptureRequest():
            return "capture_declined"
        case RefundRequest():
            return "refund_declined"
        case AuthorizeRequest() | VoidRequest():
            return DECLINE_CODE_OTHER
        case _:
            assert_never(request)
