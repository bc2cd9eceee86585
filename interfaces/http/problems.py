"""The one table that maps every refusal to its problem (RFC 9457): type, status, and a sentence for people."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from litestar import Response

from application.dead_letter import DeadLetterNotFound, NothingToRetryWith
from application.disputes import AnswerAtProvider
from application.doubts import BeingAsked, MayYetBeAnswered, NotInDoubt
from application.idempotency import IdempotencyKeyInFlight, IdempotencyKeyReused
from application.intake import DeliveryNotSigned, DeliveryStale, ProviderUnknown
from application.loaded import PaymentNotFound
from application.loaded_dispute import DisputeNotFound
from application.merchant import KeyNotFound, MerchantNotFound
from application.operation import BalanceLimitBroken, TooManyConflicts
from application.store import StoreUnavailable, WriterBusy
from domain.card_data import CardDataRefused
from domain.currencies import UnknownCurrency
from domain.dead_letter.refusals import CloseReasonMissing, DeadLetterEnded
from domain.dispute.refusals import (
    DisputeClosed,
    DisputeDeadlinePassed,
    EvidenceEmpty,
    EvidenceMissing,
    EvidenceNotFound,
    EvidenceTooLarge,
    EvidenceTypeRefused,
    InquiryMovedNoMoney,
    NotEscalated,
    RulingContradicts,
    TooMuchEvidence,
)
from domain.fx.rates import ConversionTooLarge, RateMissing, RateStale
from domain.ledger.accounts import UnknownAccount
from domain.money import AmountOutOfRange, CurrencyMismatch, WrongPrecision
from domain.payment.abandon import ActionStillPossible
from domain.payment.capture import AuthorizationLapsed, CaptureExceedsAuthorized
from domain.payment.expire import AuthorizationStillValid
from domain.payment.refund import RefundExceedsCaptured
from domain.payment.refusals import IllegalTransition, OperationInProgress
from domain.routing.document import PolicyInvalid
from domain.routing.versions import PolicyNotFound
from domain.terms.fee_plan import FeeNotAgreed
from interfaces.http.body import BodyInvalid, BodyNotJson
from interfaces.http.problem import TYPE_PREFIX, Problem, ProblemBody, response
from interfaces.http.refusals import (
    AsOfInFuture,
    BodyTooLarge,
    BodyTooSlow,
    ConflictingIdempotencyKeys,
    InvalidIdempotencyKey,
    MethodNotAllowed,
    MissingIdempotencyKey,
    MissingKey,
    NotFound,
    OperatorRoleNeeded,
    OtherMerchant,
    Overloaded,
    ParameterInvalid,
    UnknownKey,
    ViewBehind,
)

E = TypeVar("E", bound=Exception)

PROBLEMS: dict[type[Exception], Problem] = {}


def _problem(
    kind: type[E],
    status: int,
    slug: str,
    title: str,
    detail: Callable[[E], str] | str,
    *,
    field: Callable[[E], str] | str | None = None,
    facts: Callable[[E], Mapping[str, Any]] = lambda _: {},
    headers: Callable[[E], Mapping[str, str]] = lambda _: {},
) -> None:
    PROBLEMS[kind] = Problem(
        slug=slug,
        status=status,
        title=title,
        detail=detail if callable(detail) else lambda _: detail,
        field=field if callable(field) else lambda _: field,
        facts=facts,
        headers=headers,
    )


def _retry_after(seconds: int) -> Callable[[Any], Mapping[str, str]]:
    return lambda _: {"Retry-After": str(seconds)}


# What the request itself gets wrong
_problem(BodyNotJson, 400, "body_not_json", "The body is not JSON", lambda e: f"The body cannot be read: {e.reason}.")
_problem(
    BodyInvalid,
    400,
    "body_invalid",
    "The body does not fit",
    lambda e: f"{e.reason}{'' if e.field == '$' else f', in {e.field}'}.",
    field=lambda e: e.field,
)
_problem(
    ParameterInvalid,
    400,
    "parameter_invalid",
    "A query parameter cannot be read",
    lambda e: f"{e.field}: {e.reason}.",
    field=lambda e: e.field,
)
_problem(
    AsOfInFuture,
    400,
    "as_of_in_future",
    "That moment has not come yet",
    lambda e: f"as_of {e.as_of} is in the future; history ends now.",
    field="as_of",
)
_problem(
    UnknownCurrency,
    400,
    "unknown_currency",
    "The currency is not known",
    lambda e: f"{e.currency!r} is no ISO 4217 currency with a minor unit.",
    field="currency",
)
_problem(
    AmountOutOfRange,
    400,
    "amount_out_of_range",
    "The amount is out of range",
    lambda e: f"The amount is {e.amount_minor}; it has to be from 1 to {e.amount_minor_max} minor units.",
    field="amount",
)
_problem(
    WrongPrecision,
    400,
    "wrong_precision",
    "The amount does not fit its currency",
    lambda e: f"{e.text!r} is no amount of {e.currency}, which has {e.decimals} decimals.",
    field="amount",
)
_problem(
    CurrencyMismatch,
    400,
    "currency_mismatch",
    "The currencies differ",
    lambda e: f"{e.expected} is needed, not {e.actual}.",
    field="currency",
)
_problem(
    CardDataRefused,
    400,
    "card_data_refused",
    "Card numbers are not accepted",
    lambda e: f"{e.field} holds what looks like a card number. Send the provider's token instead.",
    field=lambda e: e.field,
)
_problem(
    MissingIdempotencyKey,
    400,
    "idempotency_key_missing",
    "An idempotency key is needed",
    "Send a key of your own choice as the Idempotency-Key header or as idempotency_key in the body.",
    field="idempotency_key",
)
_problem(
    InvalidIdempotencyKey,
    400,
    "idempotency_key_invalid",
    "The idempotency key is not usable",
    "The key has to be 1 to 255 printable ASCII characters without spaces.",
    field="idempotency_key",
)
_problem(
    ConflictingIdempotencyKeys,
    400,
    "idempotency_keys_differ",
    "Two different idempotency keys",
    "The Idempotency-Key header and idempotency_key in the body differ. Send one of them.",
    field="idempotency_key",
)
_problem(
    MissingKey,
    401,
    "api_key_missing",
    "An API key is needed",
    "Send your API key as 'Authorization: Bearer tsk_…'.",
    headers=lambda _: {"WWW-Authenticate": "Bearer"},
)
_problem(
    UnknownKey,
    401,
    "api_key_unknown",
    "The API key is not valid",
    "The API key is not known, or has been revoked.",
    headers=lambda _: {"WWW-Authenticate": 'Bearer error="invalid_token"'},
)
_problem(
    DeliveryNotSigned,
    401,
    "delivery_not_signed",
    "The provider's signature is not there",
    "The body is not signed with the secret that we share with this provider.",
)
_problem(
    DeliveryStale,
    401,
    "delivery_stale",
    "The provider's signature is too old",
    "The delivery was not signed just now: it may be a recording of an earlier one.",
)
_problem(
    OperatorRoleNeeded,
    403,
    "operator_role_needed",
    "An auditor cannot do this",
    "The key may look at everything, and change nothing.",
)
_problem(
    OtherMerchant,
    403,
    "other_merchant",
    "The merchant is not yours",
    "merchant_id has to be that of the API key; it can be left out.",
    field="merchant_id",
)
_problem(NotFound, 404, "not_found", "Nothing here", "There is nothing at this path.")
_problem(PaymentNotFound, 404, "payment_not_found", "No such payment", "You have no payment with this id.")
_problem(ProviderUnknown, 404, "provider_unknown", "No such provider", "We have no account at a provider of that name.")
_problem(
    DeadLetterNotFound, 404, "dead_letter_not_found", "No such dead letter", "There is no dead letter with this id."
)
_problem(
    MerchantNotFound, 404, "merchant_not_found", "No such merchant", lambda e: f"There is no merchant {e.merchant_id}."
)
_problem(KeyNotFound, 404, "key_not_found", "No such key", lambda e: f"There is no key {e.key_id} in force.")
_problem(
    MethodNotAllowed,
    405,
    "method_not_allowed",
    "The method is not allowed",
    lambda e: f"This path takes {e.allowed}.",
    headers=lambda e: {"Allow": e.allowed},
)
_problem(
    BodyTooSlow,
    408,
    "body_too_slow",
    "The body did not come in time",
    lambda e: f"The body has to come at once, and within {e.within_s} seconds at most. Send it again.",
    headers=lambda _: {"Connection": "close"},
)
_problem(
    BodyTooLarge,
    413,
    "body_too_large",
    "The body is too large",
    lambda e: f"The body may have up to {e.bytes_max} bytes.",
    # Its rest is not read, so nothing more can come over this connection.
    headers=lambda _: {"Connection": "close"},
)

# What the payment does not allow
_problem(
    IllegalTransition,
    409,
    "illegal_transition",
    "The payment's status does not allow this",
    lambda e: f"A payment that is {e.status} cannot {e.verb}.",
    facts=lambda e: {"current_status": e.status},
)
_problem(
    OperationInProgress,
    409,
    "operation_in_progress",
    "Another operation is at the provider",
    lambda e: f"The payment's {e.operation} has no outcome yet; {e.verb} has to wait for it.",
    facts=lambda e: {"current_status": e.status},
    headers=_retry_after(1),
)
_problem(
    TooManyConflicts,
    409,
    "concurrent_update",
    "The payment keeps changing",
    "Other requests kept changing the payment first. Nothing was done; try again.",
    headers=_retry_after(1),
)
_problem(
    AuthorizationLapsed,
    409,
    "authorization_lapsed",
    "The authorisation has run out",
    lambda e: f"The authorisation ran out at {e.expired_at.isoformat()}.",
    facts=lambda e: {"current_status": e.status},
)
_problem(
    AuthorizationStillValid,
    409,
    "authorization_still_valid",
    "The authorisation has not run out",
    lambda e: f"The authorisation runs until {e.expires_at.isoformat()}.",
)
_problem(
    ActionStillPossible,
    409,
    "action_still_possible",
    "The customer can still act",
    lambda e: f"The customer has until {e.expires_at.isoformat()}.",
)
_problem(
    NotInDoubt,
    409,
    "not_in_doubt",
    "Nothing is in doubt",
    lambda e: f"No operation of the payment, which is {e.status}, has an unknown outcome.",
    facts=lambda e: {"current_status": e.status},
)
_problem(
    BeingAsked,
    409,
    "being_asked",
    "The provider is being asked",
    lambda e: f"The provider is being asked for the operation right now; try again in {e.again_in_s} s.",
)
_problem(
    MayYetBeAnswered,
    409,
    "may_yet_be_answered",
    "The provider may yet answer",
    lambda e: f"The provider may still be about to answer; if it does not, try again in {e.again_in_s} s.",
)
_problem(
    DeadLetterEnded,
    409,
    "dead_letter_ended",
    "The dead letter has ended",
    lambda e: f"It is {e.state} already; there is nothing left to {e.verb}.",
    facts=lambda e: {"current_status": e.state},
)
_problem(
    NothingToRetryWith,
    409,
    "nothing_to_retry_with",
    "It cannot be tried again from here",
    lambda e: f"This process has nothing that could do a {e.kind} again.",
)
_problem(
    CloseReasonMissing,
    422,
    "close_reason_missing",
    "A reason is needed",
    "Say why nothing more is to be done about it.",
    field="reason",
)
_problem(
    CaptureExceedsAuthorized,
    422,
    "capture_exceeds_authorized",
    "More than is authorised",
    lambda e: f"{e.requested} is more than the {e.capturable} that can still be captured.",
    field="amount",
)
_problem(
    RefundExceedsCaptured,
    422,
    "refund_exceeds_captured",
    "More than was taken",
    lambda e: f"{e.requested} is more than the {e.refundable} that can still be refunded.",
    field="amount",
)
_problem(
    RateMissing,
    422,
    "rate_missing",
    "No exchange rate",
    lambda e: f"There is no exchange rate from {e.from_currency} to {e.to_currency}.",
    field="currency",
)
_problem(
    RateStale,
    503,
    "rate_stale",
    "The exchange rate is too old",
    lambda e: (
        f"The newest exchange rate from {e.from_currency} to {e.to_currency} is of {e.as_of.isoformat()}, "
        f"more than {e.stale_after_hours} hours ago."
    ),
)
_problem(
    ConversionTooLarge,
    422,
    "conversion_too_large",
    "The converted amount is too large",
    lambda e: f"It comes to more than {e.amount_minor_max:,} minor units of {e.currency}.",
    field="amount",
)
_problem(
    FeeNotAgreed,
    422,
    "fee_not_agreed",
    "No price is agreed",
    lambda e: f"The fee plan {e.plan} has no price for {e.method} in {e.currency} ({e.region}).",
    field="currency",
)
_problem(
    BalanceLimitBroken,
    422,
    "balance_limit_broken",
    "A balance would fall below its limit",
    lambda e: f"{e.account} in {e.currency} does not hold enough for this.",
)
_problem(
    UnknownAccount, 422, "unknown_account", "No such account", lambda e: f"{e.code!r} is not in the chart of accounts."
)
_problem(
    IdempotencyKeyReused,
    422,
    "idempotency_key_reused",
    "The key belongs to another request",
    "This idempotency key came with another request before. Use a new key for a new request.",
    field="idempotency_key",
)
_problem(
    IdempotencyKeyInFlight,
    409,
    "idempotency_key_in_flight",
    "The first request is still in flight",
    "The first request with this key has no answer yet. Ask again later, with the same key.",
    field="idempotency_key",
    headers=lambda e: {"Retry-After": str(e.retry_after_s)},
)

# What we cannot do now
_problem(
    Overloaded,
    503,
    "overloaded",
    "Too many requests are in hand",
    "Nothing of this request was done. Ask again, a command with the same idempotency key.",
    headers=lambda e: {"Retry-After": str(e.retry_after_s)},
)
_problem(
    StoreUnavailable,
    503,
    "store_unavailable",
    "The service cannot do this now",
    "The database does not answer. Ask again with the same idempotency key: nothing will be done twice.",
    headers=_retry_after(1),
)
_problem(
    WriterBusy,
    503,
    "writer_busy",
    "Too much is waiting already",
    "Too much is waiting to be written. Ask again with the same idempotency key: nothing will be done twice.",
    headers=_retry_after(1),
)
_problem(
    ViewBehind,
    503,
    "view_behind",
    "The view is not there yet",
    lambda e: f"The view {e.view} has not come to position {e.position} yet. Ask again.",
    headers=lambda e: {"Retry-After": str(e.retry_after_s)},
)

# Disputes
_problem(DisputeNotFound, 404, "dispute_not_found", "No such dispute", "There is no such dispute.")
_problem(
    EvidenceNotFound,
    404,
    "evidence_not_found",
    "No such evidence",
    lambda e: f"The dispute has no evidence named {e.name!r}.",
)
_problem(
    DisputeClosed,
    409,
    "dispute_closed",
    "The dispute's status does not allow it",
    lambda e: f"You cannot {e.verb} a dispute that is {e.status}.",
    facts=lambda e: {"current_status": e.status},
)
_problem(
    DisputeDeadlinePassed,
    409,
    "dispute_deadline_passed",
    "The time to answer is over",
    lambda e: f"The dispute had to be answered by {e.respond_by.isoformat()}.",
)
_problem(
    InquiryMovedNoMoney,
    409,
    "inquiry_moved_no_money",
    "An inquiry has moved no money",
    "There is nothing to accept yet. Refund the payment, if the customer is right.",
)
_problem(
    AnswerAtProvider,
    409,
    "answer_at_provider",
    "It has to be answered at the provider",
    lambda e: f"Nothing can be handed in at {e.provider} from here: answer there, and the dispute here will follow.",
)
_problem(
    RulingContradicts,
    409,
    "ruling_contradicts",
    "The bank has ruled otherwise",
    lambda e: f"The dispute is {e.status}, and cannot be {e.result} any more.",
    facts=lambda e: {"current_status": e.status},
)
_problem(
    NotEscalated,
    409,
    "not_escalated",
    "An inquiry cannot be lost",
    "The dispute is an inquiry so far, which has moved no money: it has to become a chargeback first.",
)
_problem(
    EvidenceTooLarge,
    413,
    "evidence_too_large",
    "The evidence is too large",
    lambda e: f"A piece of evidence can have up to {e.bytes_max} bytes.",
)
_problem(
    EvidenceTypeRefused,
    415,
    "evidence_type_refused",
    "Evidence of this type is not taken",
    lambda e: f"{e.media_type or 'A file without a Content-Type'!r} is none of {', '.join(e.types)}.",
)
_problem(EvidenceEmpty, 422, "evidence_empty", "The evidence is empty", "The file has not a single byte.")
_problem(
    TooMuchEvidence,
    422,
    "too_much_evidence",
    "There is too much evidence",
    lambda e: f"A dispute takes {e.files_max} pieces of evidence. Take one back first.",
)
_problem(
    EvidenceMissing,
    422,
    "evidence_missing",
    "There is nothing to hand in",
    "The dispute has no evidence. Add some, or accept the dispute.",
)

# What operators get wrong about routing
_problem(
    PolicyInvalid,
    422,
    "policy_invalid",
    "The routing policy cannot be followed",
    lambda e: f"Line {e.line}: {e.reason}.",
)
_problem(
    PolicyNotFound,
    404,
    "policy_not_found",
    "No such routing policy",
    lambda e: f"There is no routing policy {e.number}.",
)


def problem_response(error: Exception, request_id: str) -> Response[bytes]:
    """The answer to a refused request. Raises KeyError for an error that the table does not have."""
    return response(problem_body(error, request_id), PROBLEMS[type(error)].headers(error))


def problem_body(error: Exception, request_id: str) -> ProblemBody:
    """How a refusal is told. Raises KeyError for an error that the table does not have."""
    problem = PROBLEMS[type(error)]
    return ProblemBody(
        type=TYPE_PREFIX + problem.slug,
        status=problem.status,
        title=problem.title,
        detail=problem.detail(error),
        request_id=request_id,
        field=problem.field(error),
        **problem.facts(error),
    )
