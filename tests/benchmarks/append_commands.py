"""The commands that the `append` benchmark writes: two events of some 300 bytes, alone or with a claim and an entry."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from application.write.store import Answer, Append, Claim, Verb
from domain.history import AnyEvent, Cause, Recorded, record
from domain.identifiers import MerchantId, OperationId, PaymentId, ProviderName
from domain.ledger.accounts import Side, authorized, holds, pending, psp_clearing
from domain.ledger.entry import JournalEntryPosted, Posting, entry_id_for
from domain.money.money import Money
from domain.payment.events import PaymentHeldForReview, PaymentReviewApproved
from interfaces.ids import new_id, new_uuid

_NOW = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
_CAUSE = Cause(actor="key:tsk_1", request_id="req_1", trace_id="4bf92f3577b34da6a3ce929d0e0e4736")
_MERCHANTS = [MerchantId(f"mer_{number}") for number in range(100)]
_ACQUIRER = ProviderName("northbank")
_AMOUNT = Money(12_000, "EUR")
_FIRST = PaymentHeldForReview(reason="velocity", risk_policy="risk-1")
_SECOND = PaymentReviewApproved()
_FINGERPRINT = bytes(32)
_ANSWER = Answer(201, b'{"payment_intent_id":"pi_01kah2q6c8f3v9w1x5y7z0b4d6","status":"captured","amount":12000}')


def plain(count: int) -> list[Append]:
    """Commands of two events, each the beginning of a stream of its own."""
    return [Append(events=_two_events(new_uuid(), _merchant(number))) for number in range(count)]


def full(count: int) -> list[Append]:
    """The same with a claim on an idempotency key, and the entry of a capture: four postings."""
    return [_full(_merchant(number)) for number in range(count)]


def _full(merchant_id: MerchantId) -> Append:
    payment_id = PaymentId(new_uuid())
    claim = Claim(
        operation_id=OperationId(new_uuid()),
        merchant_id=merchant_id,
        subject_id=payment_id,
        verb=Verb.CAPTURE,
        key=new_id("order"),
        fingerprint=_FINGERPRINT,
        unresolved=False,
        answer=_ANSWER,
    )
    captured = (
        Posting(psp_clearing(_ACQUIRER), Side.DEBIT, _AMOUNT),
        Posting(pending(merchant_id), Side.CREDIT, _AMOUNT),
        Posting(authorized(merchant_id), Side.DEBIT, _AMOUNT),
        Posting(holds(_ACQUIRER), Side.CREDIT, _AMOUNT),
    )
    events = (*_two_events(payment_id, merchant_id), _entry(payment_id, merchant_id, captured))
    return Append(events=events, claim=claim)


def _two_events(stream_id: UUID, merchant_id: MerchantId) -> tuple[Recorded, ...]:
    return _recorded(stream_id, 1, _FIRST, merchant_id), _recorded(stream_id, 2, _SECOND, merchant_id)


def _entry(payment_id: PaymentId, merchant_id: MerchantId, postings: tuple[Posting, ...]) -> Recorded:
    posted = JournalEntryPosted(
        cause_id=payment_id,
        payment_id=payment_id,
        merchant_id=merchant_id,
        cause="payment.captured.v2",
        cause_version=2,
        postings=postings,
    )
    return _recorded(entry_id_for(payment_id, 2), 1, posted, merchant_id)


def _recorded(stream_id: UUID, version: int, event: AnyEvent, merchant_id: MerchantId) -> Recorded:
    return record(stream_id, version, event, merchant_id=merchant_id, cause=_CAUSE, recorded_at=_NOW)


def _merchant(number: int) -> MerchantId:
    return _MERCHANTS[number % len(_MERCHANTS)]


def _opening(merchant_id: MerchantId) -> Append:
    amount = Money(10**12, "EUR")
    held = (
        Posting(holds(_ACQUIRER), Side.DEBIT, amount),
        Posting(authorized(merchant_id), Side.CREDIT, amount),
    )
    return Append(events=(_entry(PaymentId(new_uuid()), merchant_id, held),))


OPENING: Sequence[Append] = [_opening(merchant) for merchant in _MERCHANTS]
"""What has to be authorised before so many captures are within their limits."""
