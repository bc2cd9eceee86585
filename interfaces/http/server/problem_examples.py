"""Refusals worth showing in the documentation, worded by the problem table itself so that they stay true."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from application.dead_letter.commands import DeadLetterNotFound
from application.dispute.commands import AnswerAtProvider
from application.dispute.loaded import DisputeNotFound
from application.payment.cancellation import CancellationRefused, CancellationUnanswered
from application.payment.loaded import PaymentNotFound
from application.payment.lost_charges import ChargeUncertain
from application.payout.bank_accounts import BankAccountNotFound
from application.payout.commands import InsufficientAvailable
from application.payout.loaded import PayoutNotFound
from application.webhook_in.intake import DeliveryNotSigned, DeliveryStale, ProviderUnknown
from application.write.append import TooManyConflicts
from application.write.gate import StoreClosed
from application.write.idempotency import IdempotencyKeyInFlight, IdempotencyKeyReused
from application.write.store import StoreUnavailable, WriterBusy
from domain.bank_account.add import BankAccountInvalid
from domain.dead_letter.refusals import CloseReasonMissing, DeadLetterEnded
from domain.dead_letter.state import DeadLetterState
from domain.dispute.refusals import (
    DisputeClosed,
    DisputeDeadlinePassed,
    EvidenceMissing,
    EvidenceNotFound,
    EvidenceTooLarge,
    EvidenceTypeDiffers,
    EvidenceTypeRefused,
    InquiryMovedNoMoney,
    TooMuchEvidence,
)
from domain.dispute.state import DisputeStatus
from domain.ledger.accounts import UnknownAccount
from domain.money.money import Money
from domain.payment.capture import CaptureExceedsAuthorized
from domain.payment.events import OperationKind
from domain.payment.refund import RefundExceedsCaptured
from domain.payment.refusals import IllegalTransition, OperationInProgress
from domain.payment.status import Status
from domain.payout.refusals import BankAccountUnusable, PayoutBelowMinimum, PayoutNotCancelable, PayoutNotHeld
from domain.payout.status import PayoutStatus
from interfaces.resources.problems.table import PROBLEMS, problem_body
from interfaces.resources.refusals import (
    BodyInvalid,
    BodyTooLarge,
    BodyTooSlow,
    HeaderRepeated,
    MediaTypeRefused,
    MissingIdempotencyKey,
    MissingKey,
    NotFound,
    OperatorRoleNeeded,
    OtherMerchant,
    Overloaded,
    ParameterInvalid,
    RefundNotFound,
    TargetTooLong,
    UnknownKey,
)
from projections.engine.tables import ViewRebuilding
from projections.engine.waiting import ViewBehind

REQUEST_ID = "req_01kah2q6c8f3v9w1x5y7z0b4d6"

_OF_ANY: tuple[Exception, ...] = (
    HeaderRepeated(name="Idempotency-Key"),
    TargetTooLong(bytes_max=8192),
    BodyTooSlow(within_s=5),
)
_OF_QUERIES: tuple[Exception, ...] = (
    ParameterInvalid(field="limit", reason="Expected 'int' >= 1"),
    MissingKey(),
    UnknownKey(),
    PaymentNotFound(),
    StoreUnavailable(),
    ViewBehind(view="payment_status", position=1042),
    ViewRebuilding(view="payment_status"),
)
_OF_COMMANDS: tuple[Exception, ...] = (
    BodyInvalid(field="amount", reason="Expected 'int' >= 1"),
    MissingIdempotencyKey(),
    MissingKey(),
    UnknownKey(),
    OtherMerchant(),
    PaymentNotFound(),
    IdempotencyKeyInFlight(),
    BodyTooLarge(bytes_max=65536),
    MediaTypeRefused(media_type="text/plain"),
    IdempotencyKeyReused(),
    StoreUnavailable(),
    WriterBusy(),
    StoreClosed(since=datetime(2026, 11, 27, 9, 30, tzinfo=UTC), because="the store was restored"),
    Overloaded(),
)
_OF_STEPS: tuple[Exception, ...] = (
    IllegalTransition(verb="capture", status=Status.VOIDED),
    OperationInProgress(verb="refund", operation=OperationKind.CAPTURE, status=Status.AUTHORIZED),
)
_OF_ONE: dict[str, tuple[Exception, ...]] = {
    "create_payment_intent": (ChargeUncertain(provider="north"),),
    "cancel_payment_intent": (
        IllegalTransition(verb="cancel", status=Status.CAPTURED),
        OperationInProgress(verb="cancel", operation=OperationKind.AUTHORIZE, status=Status.PROCESSING),
        CancellationRefused(),
        CancellationUnanswered(),
    ),
    "capture_payment": (
        *_OF_STEPS,
        CaptureExceedsAuthorized(requested=Money(12_000, "EUR"), capturable=Money(10_000, "EUR")),
    ),
    "refund_payment": (
        *_OF_STEPS,
        RefundExceedsCaptured(requested=Money(12_000, "EUR"), refundable=Money(10_000, "EUR")),
    ),
}

_OF_OPERATORS: tuple[Exception, ...] = (
    ParameterInvalid(field="limit", reason="Expected 'int' >= 1"),
    MissingKey(),
    UnknownKey(),
    OperatorRoleNeeded(),
    NotFound(),
    DeadLetterNotFound(),
    DeadLetterEnded(verb="close", state=DeadLetterState.RESOLVED),
    BodyTooLarge(bytes_max=65536),
    MediaTypeRefused(media_type="text/plain"),
    CloseReasonMissing(),
    StoreUnavailable(),
    ViewBehind(view="dead_letters", position=1042),
    ViewRebuilding(view="dead_letters"),
)
_OF_LEDGER: tuple[Exception, ...] = (
    ParameterInvalid(field="to", reason="it is in the future"),
    MissingKey(),
    UnknownKey(),
    NotFound(),
    UnknownAccount(code="mattress"),
    StoreUnavailable(),
    ViewBehind(view="journal_lines", position=1042),
    ViewRebuilding(view="journal_lines"),
)
_OF_BANK_ACCOUNTS: tuple[Exception, ...] = (
    BodyInvalid(field="holder_name", reason="Expected 'str' of length >= 1"),
    ParameterInvalid(field="limit", reason="Expected 'int' >= 1"),
    MissingKey(),
    UnknownKey(),
    OtherMerchant(),
    BankAccountNotFound(),
    TooManyConflicts(),
    BodyTooLarge(bytes_max=65536),
    MediaTypeRefused(media_type="text/plain"),
    BankAccountInvalid(field="details.iban", reason="has wrong check digits"),
    IdempotencyKeyReused(),
    StoreUnavailable(),
    WriterBusy(),
)
_OF_PAYOUTS: tuple[Exception, ...] = (
    BodyInvalid(field="amount", reason="Expected 'int' >= 1"),
    ParameterInvalid(field="limit", reason="Expected 'int' >= 1"),
    MissingIdempotencyKey(),
    MissingKey(),
    UnknownKey(),
    OtherMerchant(),
    PayoutNotFound(),
    BankAccountNotFound(),
    PayoutNotCancelable(status=PayoutStatus.IN_TRANSIT),
    IdempotencyKeyInFlight(),
    BodyTooLarge(bytes_max=65536),
    MediaTypeRefused(media_type="text/plain"),
    InsufficientAvailable(requested=Money(12_000, "EUR")),
    PayoutBelowMinimum(requested=Money(900, "EUR"), minimum=Money(1_000, "EUR")),
    BankAccountUnusable(),
    IdempotencyKeyReused(),
    StoreUnavailable(),
    WriterBusy(),
    ViewBehind(view="payouts", position=1042),
    ViewRebuilding(view="payouts"),
)
_OF_ALL_PAYOUTS: tuple[Exception, ...] = (
    BodyInvalid(field="reason", reason="Expected 'str' of length >= 1"),
    ParameterInvalid(field="limit", reason="Expected 'int' >= 1"),
    MissingKey(),
    UnknownKey(),
    OperatorRoleNeeded(),
    NotFound(),
    PayoutNotFound(),
    PayoutNotHeld(status=PayoutStatus.PAID),
    PayoutNotCancelable(status=PayoutStatus.IN_TRANSIT),
    BodyTooLarge(bytes_max=65536),
    MediaTypeRefused(media_type="text/plain"),
    StoreUnavailable(),
    ViewBehind(view="payouts", position=1042),
    ViewRebuilding(view="payouts"),
)
_OF_DISPUTES: tuple[Exception, ...] = (
    ParameterInvalid(field="limit", reason="Expected 'int' >= 1"),
    MissingKey(),
    UnknownKey(),
    DisputeNotFound(),
    StoreUnavailable(),
    ViewBehind(view="disputes", position=1042),
    ViewRebuilding(view="disputes"),
)
_OF_ANSWERS: tuple[Exception, ...] = (
    *_OF_DISPUTES[:-2],
    DisputeClosed(verb="answer", status=DisputeStatus.LOST),
    DisputeDeadlinePassed(respond_by=datetime(2026, 12, 20, 12, tzinfo=UTC)),
)
_OF_EVIDENCE: tuple[Exception, ...] = (
    *_OF_ANSWERS,
    BodyTooSlow(within_s=60),
    EvidenceTooLarge(bytes_max=5_242_880),
    EvidenceTypeRefused(media_type="image/gif", types=("application/pdf", "image/png", "image/jpeg", "text/plain")),
    EvidenceTypeDiffers(declared="image/png", found=("application/pdf",)),
    TooMuchEvidence(files_max=10),
)
_OF_OTHERS: dict[str, tuple[Exception, ...]] = {
    "receive_provider_webhook": (
        ParameterInvalid(field="limit", reason="there is no such parameter here"),
        DeliveryNotSigned(),
        DeliveryStale(),
        ProviderUnknown(),
        BodyTooLarge(bytes_max=65536),
        WriterBusy(),
        Overloaded(),
    ),
    "get_refund": (*_OF_QUERIES[:3], RefundNotFound(), StoreUnavailable()),
    **dict.fromkeys(
        (
            "list_dead_letters",
            "get_dead_letter",
            "retry_dead_letter",
            "close_dead_letter",
            "list_webhook_deliveries",
        ),
        _OF_OPERATORS,
    ),
    "list_disputes": _OF_DISPUTES,
    "get_dispute": _OF_DISPUTES,
    "put_dispute_evidence": _OF_EVIDENCE,
    "delete_dispute_evidence": (*_OF_ANSWERS, EvidenceNotFound(name="receipt.pdf")),
    "submit_dispute_evidence": (*_OF_ANSWERS, EvidenceMissing(), AnswerAtProvider(provider="stripe")),
    "accept_dispute": (*_OF_ANSWERS, InquiryMovedNoMoney(), AnswerAtProvider(provider="stripe")),
    **dict.fromkeys(("get_trial_balance", "list_accounts", "get_account_balances", "get_account_journal"), _OF_LEDGER),
    **dict.fromkeys(("create_payout", "list_payouts", "get_payout", "cancel_payout"), _OF_PAYOUTS),
    **dict.fromkeys(("list_all_payouts", "get_any_payout", "approve_payout", "cancel_any_payout"), _OF_ALL_PAYOUTS),
    **dict.fromkeys(
        ("add_bank_account", "list_bank_accounts", "get_bank_account", "remove_bank_account"), _OF_BANK_ACCOUNTS
    ),
}
"""Of operations that are no merchant's, or about no payment."""


def examples_of(operation_id: str, status: int, *, is_command: bool) -> dict[str, dict[str, Any]]:
    """For OpenAPI, by the slug of the problem: refusals that the operation may give with `status`."""
    refusals = _OF_OTHERS.get(
        operation_id, (*_OF_COMMANDS, *_OF_ONE.get(operation_id, _OF_STEPS)) if is_command else _OF_QUERIES
    )
    return {
        PROBLEMS[type(refusal)].slug: {
            "summary": PROBLEMS[type(refusal)].title,
            "value": msgspec.to_builtins(problem_body(refusal, REQUEST_ID)),
        }
        for refusal in (*_OF_ANY, *refusals)
        if PROBLEMS[type(refusal)].status == status
    }
