"""The one table that maps every refusal to its problem (RFC 9457): type, status, and a sentence for people."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final, TypeVar

from litestar import Response
from msgspec import UNSET

from application.access.merchant import KeyNotFound, MerchantNotFound
from application.dead_letter.commands import DeadLetterNotFound, NothingToRetryWith
from application.dispute.commands import AnswerAtProvider
from application.dispute.loaded import DisputeNotFound
from application.payment.cancellation import CancellationRefused, CancellationUnanswered
from application.payment.in_doubt import BeingAsked, MayYetBeAnswered, NotInDoubt
from application.payment.loaded import PaymentNotFound
from application.payment.lost_charges import ChargeUncertain
from application.payout.bank_accounts import BankAccountNotFound
from application.payout.bank_port import InstructionInvalid, SchemeNotServed
from application.payout.batch import BatchNotFound
from application.payout.commands import InsufficientAvailable
from application.payout.files import FileDiffers
from application.payout.loaded import PayoutNotFound
from application.restore.orphan_refund import OrphanHoldsNothing, OrphanNotFound, OrphanNotGivenBack
from application.settlement.commands import MovementAmbiguous, RowKindUnknown
from application.webhook_in.intake import DeliveryNotSigned, DeliveryStale, ProviderUnknown
from application.write.append import BalanceLimitBroken, TooManyConflicts
from application.write.gate import StoreClosed
from application.write.idempotency import IdempotencyKeyInFlight, IdempotencyKeyReused
from application.write.store import StoreFull, StoreUnavailable, WriterBusy
from domain.bank_account.add import BankAccountInvalid
from domain.card_data import CardDataRefused
from domain.countries import UnknownCountry
from domain.dead_letter.refusals import CloseReasonMissing, DeadLetterEnded
from domain.dispute.refusals import (
    DisputeClosed,
    DisputeDeadlinePassed,
    EvidenceEmpty,
    EvidenceMissing,
    EvidenceNotFound,
    EvidenceTooLarge,
    EvidenceTypeDiffers,
    EvidenceTypeRefused,
    InquiryMovedNoMoney,
    NotEscalated,
    RulingContradicts,
    TooMuchEvidence,
)
from domain.fx.publish import RatesDiffer, RatesInFuture
from domain.fx.rate_text import RateUnusable
from domain.fx.rates import ConversionTooLarge, RateMissing, RateStale
from domain.fx.rates_file import RatesInvalid
from domain.ledger.accounts import UnknownAccount
from domain.money.currencies import UnknownCurrency
from domain.money.money import AmountOutOfRange, CurrencyMismatch, WrongPrecision
from domain.payment.abandon import ActionStillPossible
from domain.payment.adopt import OperationDiffers
from domain.payment.capture import AuthorizationLapsed, CaptureExceedsAuthorized
from domain.payment.dispute import DisputeDiffers, ReversedBefore
from domain.payment.events import MovementKind
from domain.payment.expire import AuthorizationStillValid
from domain.payment.refund import RefundExceedsCaptured
from domain.payment.refusals import IllegalTransition, OperationInProgress
from domain.payment.reverse_refund import RefundUnknown
from domain.payout.refusals import BankAccountUnusable, PayoutBelowMinimum, PayoutNotCancelable, PayoutNotHeld
from domain.payout.report import ReportContradicts
from domain.redaction import quotable
from domain.release.release import NotDueYet
from domain.routing.capabilities import AmountNotCountable
from domain.routing.document import PolicyInvalid
from domain.routing.versions import PolicyNotFound
from domain.settlement.events import ItemKind
from domain.settlement.file import SettlementFileInvalid
from domain.settlement.settle_movement import FeePlanMissing, MovementDiffers, MovementUnknown
from domain.settlement.settlement import ItemDiffers, SettlementDiffers
from domain.terms.documents.document import TermsInvalid
from domain.terms.documents.fees import FeePlanGap, FeeRulesOverlap
from domain.terms.fee_plan import FeeNotAgreed, OtherPlan
from domain.terms.versions import TermsNotFound
from interfaces.http.server.body import BodyInvalid, BodyNotJson
from interfaces.resources.problem import TYPE_PREFIX, Problem, ProblemBody, response
from interfaces.resources.refusals import (
    AsOfInFuture,
    BodyIncomplete,
    BodyTooLarge,
    BodyTooSlow,
    ConflictingIdempotencyKeys,
    HeaderRepeated,
    HostInvalid,
    InvalidIdempotencyKey,
    MediaTypeRefused,
    MethodNotAllowed,
    MissingIdempotencyKey,
    MissingKey,
    NotFound,
    OperatorRoleNeeded,
    OtherMerchant,
    Overloaded,
    ParameterInvalid,
    RefundNotFound,
    TargetTooLong,
    TransferCodingUnknown,
    UnknownKey,
    ViewBehind,
)
from projections.engine.tables import ViewRebuilding

E = TypeVar("E", bound=Exception)
QUOTED_CHARACTERS_MAX: Final = 100
"""Of each name, id or value that a caller sent and that is told back."""
REASON_CHARACTERS_MAX: Final = 300

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
_CLOSED: Mapping[str, str] = {"Connection": "close"}
"""Where the next request on the connection would begin is not known, or not worth reading up to."""
_problem(
    HostInvalid,
    400,
    "host_invalid",
    "The Host header is not usable",
    "HTTP/1.1 needs one Host header, which names a host and perhaps a port up to 65535.",
)
_problem(
    TransferCodingUnknown,
    400,
    "transfer_coding_unknown",
    "The transfer coding is not known",
    "The only transfer coding of a body is chunked.",
    headers=lambda _: _CLOSED,
)
_problem(
    BodyIncomplete,
    400,
    "body_incomplete",
    "The body is not whole",
    "The body ended before its announced length, or its chunks cannot be read. Nothing of the request was done.",
    headers=lambda _: _CLOSED,
)
_problem(
    TargetTooLong,
    414,
    "target_too_long",
    "The request target is too long",
    lambda e: f"Path and query together may have up to {e.bytes_max} bytes.",
    headers=lambda _: _CLOSED,
)
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
    UnknownCountry,
    400,
    "unknown_country",
    "The country is not known",
    lambda e: f"{e.country!r} is no country of ISO 3166-1.",
    field=lambda e: e.field,
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
    AmountNotCountable,
    422,
    "amount_not_countable",
    "The provider cannot count the amount",
    lambda e: (
        f"The provider of the charge counts {e.amount.currency} in steps of {e.step_minor} minor units, up to "
        f"{e.amount_minor_max}; {e.amount.minor} cannot be asked for."
    ),
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
    HeaderRepeated,
    400,
    "header_repeated",
    "A header comes more than once",
    lambda e: f"{e.name} has to come once: of several it would be a guess which one counts.",
    field=lambda e: e.name,
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
_problem(RefundNotFound, 404, "refund_not_found", "No such refund", "You have no refund with this id.")
_problem(
    BankAccountNotFound, 404, "bank_account_not_found", "No such bank account", "You have no bank account with this id."
)
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
    headers=lambda _: _CLOSED,
)
_problem(
    BodyTooLarge,
    413,
    "body_too_large",
    "The body is too large",
    lambda e: f"The body may have up to {e.bytes_max} bytes.",
    # Its rest is not read, so nothing more can come over this connection.
    headers=lambda _: _CLOSED,
)

_problem(
    MediaTypeRefused,
    415,
    "media_type_refused",
    "The body has to be JSON",
    lambda e: f"Content-Type has to be application/json, in UTF-8, and is {e.media_type!r}.",
    field="Content-Type",
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
    MovementDiffers,
    409,
    "movement_differs",
    "The provider says otherwise",
    lambda e: f"The {e.movement} {e.movement_id} differs in {e.what}: ours is {e.ours}, the provider's {e.theirs}.",
)
_problem(
    OperationDiffers,
    409,
    "operation_differs",
    "The provider's name is on record with other content",
    lambda e: (
        f"The {e.operation} {e.reference} differs in {e.what} from what is on record: {e.ours} there, not {e.theirs}."
    ),
)
_problem(
    RefundUnknown,
    404,
    "refund_unknown",
    "No such refund",
    lambda e: f"No refund of the payment that succeeded is called {e.refund} by its provider.",
)
_problem(
    SettlementDiffers,
    409,
    "settlement_differs",
    "Another settlement of that name is on record",
    lambda e: f"The settlement {e.settlement_id} is on record with another {e.what}: {e.ours}, not {e.theirs}.",
)
_problem(
    ItemDiffers,
    409,
    "settlement_row_differs",
    "The row was booked otherwise before",
    lambda e: f"The {e.kind} {e.reference} was booked with another {e.what}: {e.ours}, not {e.theirs}.",
)
_problem(
    RowKindUnknown,
    422,
    "settlement_row_unknown",
    "No rule is for that kind of row",
    lambda e: f"No rule is for a row of kind {e.kind}: one of {', '.join((*MovementKind, *ItemKind))} is expected.",
)
_problem(
    MovementAmbiguous,
    409,
    "movement_ambiguous",
    "Several movements have that reference",
    lambda e: f"The reference {e.reference} is that of several of kind {e.movement}: name our operation's id.",
)
_problem(
    FeePlanMissing,
    409,
    "fee_plan_missing",
    "The fee plan cannot be read",
    lambda e: f"The fee was charged by {e.plan}, which cannot be read, so that it cannot be trued up.",
)
_problem(
    MovementUnknown,
    404,
    "movement_unknown",
    "Nothing of the kind has moved",
    lambda e: f"Our books have no {e.movement} {e.movement_id} that this provider could settle.",
)
_problem(
    SettlementFileInvalid,
    422,
    "settlement_file_invalid",
    "The settlement cannot be applied",
    lambda e: f"Line {e.line}: {e.reason}.",
)
_problem(
    NotDueYet,
    409,
    "funds_not_due",
    "The funds are not available yet",
    lambda e: f"They become available at {e.due.isoformat()}.",
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
    CancellationRefused,
    409,
    "cancellation_refused",
    "The provider does not cancel it",
    "The provider does not cancel the attempt, which the customer can still approve. Wait for the customer, or until "
    "the time to act is over.",
)
_problem(
    CancellationUnanswered,
    503,
    "cancellation_unanswered",
    "The provider did not answer",
    "The provider has not said that it canceled the attempt, which the customer may still be able to approve. Ask "
    "again with the same idempotency key.",
    headers=lambda e: {"Retry-After": str(e.retry_after_s)},
)
_problem(
    ChargeUncertain,
    503,
    "charge_uncertain",
    "A provider did not answer",
    lambda e: (
        f"After a restore, {e.provider} has not said whether it has a charge of this payment already, and nobody was "
        "asked for another one. Ask again with the same idempotency key."
    ),
    headers=lambda e: {"Retry-After": str(e.retry_after_s)},
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

# What no bank would take
_problem(
    BankAccountInvalid,
    422,
    "bank_account_invalid",
    "No bank would take this",
    lambda e: f"{e.field} {e.reason}.",
    field=lambda e: e.field,
)
_problem(
    SchemeNotServed,
    422,
    "scheme_not_served",
    "Our bank cannot pay this account",
    lambda e: f"{e.currency} cannot be paid to an account by {e.scheme}: {e.reason}.",
)
_problem(
    InstructionInvalid,
    422,
    "instruction_invalid",
    "Our bank cannot make this payment",
    lambda e: f"The payment cannot be instructed: {e.reason}.",
)

# What a payout does not allow
_problem(PayoutNotFound, 404, "payout_not_found", "No such payout", "You have no payout with this id.")
_problem(BatchNotFound, 404, "payout_batch_not_found", "No such batch", "There is no batch of payouts with this id.")
_problem(
    PayoutNotCancelable,
    409,
    "payout_not_cancelable",
    "The payout cannot be canceled any more",
    lambda e: f"A payout that is {e.status} cannot be canceled.",
    facts=lambda e: {"current_status": e.status},
)
_problem(
    PayoutNotHeld,
    409,
    "payout_not_held",
    "The payout is not held",
    lambda e: f"A payout that is {e.status} needs no approval.",
    facts=lambda e: {"current_status": e.status},
)
_problem(
    ReportContradicts,
    409,
    "report_contradicts",
    "The bank contradicts itself",
    lambda e: f"The bank says {e.fate} of a payout that is {e.status}.",
    facts=lambda e: {"current_status": e.status},
)
_problem(
    FileDiffers,
    409,
    "payout_file_differs",
    "The file cannot be written as it was",
    lambda e: (
        f"The batch was made for the file with SHA-256 {e.file_sha256}, which is not what would be written now. "
        "Put our own account's settings back to what they were."
    ),
)
_problem(
    InsufficientAvailable,
    422,
    "insufficient_available",
    "Not so much is available",
    lambda e: f"Less than {e.requested} is available to be paid out.",
    field="amount",
)
_problem(
    PayoutBelowMinimum,
    422,
    "payout_below_minimum",
    "Less than is paid out at a time",
    lambda e: f"{e.requested} is less than {e.minimum}, the least that is paid out at a time.",
    field="amount",
)
_problem(
    BankAccountUnusable,
    422,
    "bank_account_unusable",
    "The bank account was removed",
    "Nothing is paid out to a bank account that was removed.",
    field="bank_account_id",
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
    StoreFull,
    503,
    "store_full",
    "The database's disk is full",
    "The database has no room to write. Nothing of this request was done. Ask again with the same idempotency key.",
    headers=_retry_after(5),
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
    StoreClosed,
    503,
    "store_closed",
    "The store is closed",
    lambda e: (
        f"No commands are taken since {e.since:%Y-%m-%dT%H:%M:%SZ}, because {e.because}. Ask again later with the "
        "same idempotency key: nothing will be done twice."
    ),
    headers=_retry_after(30),
)
_problem(
    ViewBehind,
    503,
    "view_behind",
    "The view is not there yet",
    lambda e: f"The view {e.view} has not come to position {e.position} yet. Ask again.",
    headers=lambda e: {"Retry-After": str(e.retry_after_s)},
)
_problem(
    ViewRebuilding,
    503,
    "view_rebuilding",
    "The view is being made anew",
    lambda e: f"The view {e.view} was made by another version, and is being made anew. Ask again.",
    headers=lambda e: {"Retry-After": str(e.retry_after_s)},
)

# What was found at providers after a restore
_problem(
    OrphanNotFound,
    404,
    "orphan_not_found",
    "No such entry",
    "Nothing of that name was found at the provider, or it is over: see `tallystick orphans list`.",
)
_problem(
    OrphanHoldsNothing,
    409,
    "orphan_holds_nothing",
    "There is nothing to give back",
    "It is no charge that reserves or has taken money.",
)
_problem(
    OrphanNotGivenBack,
    409,
    "orphan_not_given_back",
    "The provider has not given it back",
    lambda e: f"The provider says: {e.reason}.",
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
    DisputeDiffers,
    409,
    "dispute_differs",
    "Another dispute of that name is on record",
    lambda e: f"The dispute {e.dispute_id} is on record with another {e.what}: {e.ours}, not {e.theirs}.",
)
_problem(
    ReversedBefore,
    409,
    "reversed_before",
    "Some of the chargeback has come back before",
    lambda e: f"Some of the chargeback {e.dispute_id} has come back before, and only once can be booked by itself.",
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
_problem(
    EvidenceTypeDiffers,
    415,
    "evidence_type_differs",
    "The evidence is of another type than declared",
    lambda e: f"The file was sent as {e.declared}, and its bytes are {' and '.join(e.found) or 'of no known type'}.",
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

# What cannot be converted, and what operators get wrong about rates
_problem(
    RateMissing,
    422,
    "rate_missing",
    "There is no rate",
    lambda e: f"No exchange rate from {e.from_currency} to {e.to_currency} is known.",
)
_problem(
    RateStale,
    503,
    "rate_stale",
    "The rate is too old",
    lambda e: (
        f"The newest rate from {e.from_currency} to {e.to_currency} was published at {e.as_of.isoformat()}; rates "
        f"are used for up to {e.stale_after_hours} h. Ask again once there are new ones."
    ),
    headers=_retry_after(60),
)
_problem(
    ConversionTooLarge,
    422,
    "conversion_too_large",
    "The amount is too large to convert",
    lambda e: f"It comes to {e.value_minor} minor units of {e.currency}; {e.amount_minor_max} is the most.",
    field="amount",
)
_problem(RatesInvalid, 422, "rates_invalid", "The rates cannot be used", lambda e: f"Line {e.line}: {e.reason}.")
_problem(
    RateUnusable,
    422,
    "rate_unusable",
    "The rate is no positive decimal number",
    lambda e: f"{e.text!r} is no rate of {e.currency}.",
)
_problem(
    RatesDiffer,
    409,
    "rates_differ",
    "Other rates of the same moment are known",
    lambda e: f"{e.source}:{e.number} has another rate of {e.currency}, published at {e.as_of.isoformat()} as well.",
)
_problem(
    RatesInFuture,
    422,
    "rates_in_future",
    "That moment has not come yet",
    lambda e: f"The rates are of {e.as_of.isoformat()}, which is in the future.",
)

# What operators get wrong about terms
_problem(
    TermsInvalid,
    422,
    "terms_invalid",
    "The terms cannot be agreed",
    lambda e: f"Line {e.line}: {e.reason}.",
)
_problem(
    FeeRulesOverlap,
    422,
    "fee_rules_overlap",
    "Two rules of the fee plan are for the same payment",
    lambda e: f"Line {e.line}: {e.reason}.",
)
_problem(
    FeePlanGap,
    422,
    "fee_plan_gap",
    "The fee plan leaves a payment without a price",
    lambda e: f"Line {e.line}: {e.reason}.",
)
_problem(
    TermsNotFound,
    404,
    "terms_not_found",
    "No such terms",
    lambda e: f"There are no {e.kind} terms {e.number}.",
)
_problem(
    FeeNotAgreed,
    500,
    "fee_not_agreed",
    "Nothing is agreed on the fee",
    lambda e: f"The fee plan {e.plan} says nothing of {e.method} in {e.currency} from {e.region}.",
)
_problem(
    OtherPlan,
    500,
    "other_fee_plan",
    "The fee was charged by another plan",
    lambda e: f"A fee charged by {e.charged_by} is not trued up by {e.plan}.",
)


def problem_response(error: Exception, request_id: str) -> Response[bytes]:
    """The answer to a refused request. Raises KeyError for an error that the table does not have."""
    return response(problem_body(error, request_id), PROBLEMS[type(error)].headers(error))


def problem_body(error: Exception, request_id: str) -> ProblemBody:
    """How a refusal is told. Raises KeyError for an error that the table does not have."""
    problem = PROBLEMS[type(error)]
    facts = _Quotable(error)
    return ProblemBody(
        type=TYPE_PREFIX + problem.slug,
        status=problem.status,
        title=problem.title,
        detail=problem.detail(facts),
        request_id=request_id,
        field=problem.field(facts) or UNSET,
        **problem.facts(facts),
    )


class _Quotable:
    """An error's facts as a problem tells them: many are text that a caller sent, of any length and content."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        characters_max = REASON_CHARACTERS_MAX if name == "reason" else QUOTED_CHARACTERS_MAX
        return _quotable(getattr(self._error, name), characters_max)


def _quotable(value: Any, characters_max: int) -> Any:
    match value:
        case Enum():
            return value
        case str():
            return quotable(value, characters_max)
        case tuple():
            return tuple(_quotable(item, characters_max) for item in value)
        case _:
            return value
