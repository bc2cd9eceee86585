"""What an earlier version wrote is read as today's event that says the same, from the same bytes, however often.

The entry that today's rules make of it is the one that was posted then.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given

from domain.event import name_of
from domain.fx.conversion import Conversion
from domain.history import AnyEvent, Recorded
from domain.identifiers import CustomerId, DisputeId, MerchantId, OperationId, PaymentId, ProviderName
from domain.ledger.accounts import AccountCode, Side
from domain.ledger.entry import JournalEntryPosted, Posting, entry_id_for
from domain.ledger.rules import entry_for
from domain.ledger.superseded import JournalEntryPostedV1
from domain.money.money import Money, zero
from domain.payment.dispute_events import DisputeLost, DisputeOpened, DisputeReversed, DisputeWon
from domain.payment.events import (
    CaptureMethod,
    FailureKind,
    PaymentActionRequired,
    PaymentCaptured,
    PaymentCreated,
    PaymentRefunded,
    RefundFailed,
    RefundStarted,
)
from domain.payment.method import MethodType, PaymentMethod
from domain.payment.outcome import Redirect
from domain.payment.proceeds import Claim, Drawn, LotShare, MerchantDebit, Proceeds
from domain.payment.superseded import (
    DisputeLostV1,
    DisputeLostV2,
    DisputeOpenedV1,
    DisputeOpenedV2,
    DisputeReversedV1,
    DisputeWonV1,
    DisputeWonV2,
    PaymentActionRequiredV1,
    PaymentCapturedV1,
    PaymentCreatedV1,
    PaymentRefundedV1,
    PaymentRefundedV2,
    RefundFailedV1,
    RefundStartedV1,
    SupersededEvent,
    upcast,
)
from domain.terms.fee import Fee, FeeKind
from infrastructure.postgres.event_store.mapper import MsgspecTranscoder
from tests.domain.test_golden_events import DEBIT, DISPUTED, FROZEN, SHARE_IN_EUROS
from tests.support.domain import amounts

GOLDEN = Path(__file__).parents[1] / "golden"
RECORDED_AT = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
MERCHANT, PROVIDER = MerchantId("mer_01jd4x8c2qfyv9zkm3s7w5t6ha"), ProviderName("northbank")
PAYMENT = msgspec.convert("01934a2e-6c00-7a10-8000-00000000000a", type=PaymentId)
ATTEMPT, CAPTURE, REFUND = (
    msgspec.convert(f"01934a2e-6c00-7a10-8000-00000000010{n}", type=OperationId) for n in (0, 1, 3)
)
DISPUTE = DisputeId("dp_1MtJUT2eZvKYlo2C")


def kwd(minor: int) -> Money:
    return Money(minor, "KWD")


def undated(amount: Money) -> Drawn:
    """Of what is pending without a date: so it was then."""
    return Drawn(pending=(LotShare(None, amount),), available=kwd(0), owed=kwd(0))


def debited(amount: Money) -> MerchantDebit:
    return MerchantDebit(settled=amount, conversion=None, rate=None, fee=None, drawn=undated(amount))


def claim(amount: Money, debit: MerchantDebit) -> Claim:
    """All of it was carried by the payment's budget: nothing else was booked then."""
    return Claim(disputed=amount, exchange=None, amount=amount, debit=debit, excess=None)


TODAY: dict[str, AnyEvent] = {
    "payment.created.v1": PaymentCreated(
        merchant_id=MERCHANT,
        customer_id=CustomerId("cus_7"),
        amount=kwd(10_000),
        method=PaymentMethod(MethodType.CARD, "tok_visa"),
        capture_method=CaptureMethod.MANUAL,
        return_url=None,
    ),
    "payment.action_required.v1": PaymentActionRequired(
        attempt_id=ATTEMPT,
        reference="ch_31",
        action=Redirect("https://acs.example/c/31?step=1"),
        expires_at=RECORDED_AT + timedelta(hours=1),
        window_policy="none",
    ),
    "payment.captured.v1": PaymentCaptured(
        merchant_id=MERCHANT,
        provider=PROVIDER,
        capture_id=CAPTURE,
        reference="ch_31",
        amount=kwd(4_000),
        released=kwd(6_000),
        final=True,
        proceeds=Proceeds(
            gross=kwd(4_000),
            conversion=None,
            fees=(Fee(kind=FeeKind.PROCESSING, amount=kwd(146), plan="flat:1", rule="flat"),),
            reserve=kwd(0),
            due=None,
            reserve_due=None,
            settlement_rule="none",
        ),
    ),
    "payment.refund_started.v1": RefundStarted(
        merchant_id=MERCHANT, refund_id=REFUND, amount=kwd(1_500), reason="requested_by_customer", debit=None
    ),
    "payment.refunded.v1": PaymentRefunded(
        merchant_id=MERCHANT,
        provider=PROVIDER,
        refund_id=REFUND,
        reference="re_8",
        amount=kwd(1_500),
        debit=debited(kwd(1_500)),
        excess=None,
        unreserved=True,
    ),
    "payment.refunded.v2": PaymentRefunded(
        merchant_id=MERCHANT,
        provider=PROVIDER,
        refund_id=REFUND,
        reference="re_8",
        amount=kwd(1_500),
        debit=DEBIT,
        excess=None,
        unreserved=False,
    ),
    "payment.refund_failed.v1": RefundFailed(
        merchant_id=MERCHANT,
        refund_id=REFUND,
        kind=FailureKind.DECLINED,
        code="card_closed",
        message="The card is closed.",
        returned=None,
    ),
    "payment.dispute_opened.v1": DisputeOpened(
        merchant_id=MERCHANT,
        dispute_id=DISPUTE,
        reason="fraudulent",
        claim=claim(kwd(2_500), debited(kwd(2_500))),
    ),
    "payment.dispute_opened.v2": DisputeOpened(
        merchant_id=MERCHANT,
        dispute_id=DISPUTE,
        reason="fraudulent",
        claim=claim(kwd(1_500), DISPUTED),
    ),
    "payment.dispute_won.v1": DisputeWon(
        merchant_id=MERCHANT,
        dispute_id=DISPUTE,
        amount=kwd(2_500),
        returned=undated(kwd(2_500)),
        recovered=kwd(0),
    ),
    "payment.dispute_won.v2": DisputeWon(
        merchant_id=MERCHANT,
        dispute_id=DISPUTE,
        amount=kwd(1_500),
        returned=FROZEN,
        recovered=zero("EUR"),
    ),
    "payment.dispute_lost.v1": DisputeLost(
        merchant_id=MERCHANT,
        provider=PROVIDER,
        dispute_id=DISPUTE,
        disputed=kwd(2_500),
        exchange=None,
        amount=kwd(2_500),
        settled=kwd(2_500),
        conversion=None,
        excess=None,
    ),
    "payment.dispute_lost.v2": DisputeLost(
        merchant_id=MERCHANT,
        provider=PROVIDER,
        dispute_id=DISPUTE,
        disputed=kwd(1_500),
        exchange=None,
        amount=kwd(1_500),
        settled=SHARE_IN_EUROS.settled,
        conversion=SHARE_IN_EUROS,
        excess=None,
    ),
    "payment.dispute_reversed.v1": DisputeReversed(
        merchant_id=MERCHANT,
        provider=PROVIDER,
        dispute_id=DISPUTE,
        disputed=kwd(1_500),
        exchange=None,
        amount=kwd(1_500),
        settled=SHARE_IN_EUROS.settled,
        conversion=SHARE_IN_EUROS,
        excess=None,
        returned=FROZEN,
        recovered=zero("EUR"),
        left=None,
    ),
    "journal.entry_posted.v1": JournalEntryPosted(
        cause_id=PAYMENT,
        payment_id=PAYMENT,
        merchant_id=MERCHANT,
        cause="payment.captured.v1",
        cause_version=5,
        postings=(
            Posting(AccountCode("psp:northbank:clearing"), Side.DEBIT, kwd(4_000)),
            Posting(AccountCode(f"merchant:{MERCHANT}:pending"), Side.CREDIT, kwd(4_000)),
        ),
    ),
}


def stored(name: str) -> bytes:
    return (GOLDEN / f"{name}.json").read_bytes()


def read(state: bytes) -> Recorded:
    return MsgspecTranscoder().decode(state)


def test_every_superseded_event_has_its_row() -> None:
    assert set(TODAY) == set(map(name_of, (*get_args(SupersededEvent), JournalEntryPostedV1)))


@pytest.mark.parametrize("name", TODAY)
def test_an_earlier_version_is_read_as_the_event_of_today_that_says_the_same(name: str) -> None:
    assert read(stored(name)).data == TODAY[name]


@pytest.mark.parametrize("name", TODAY)
def test_nothing_else_of_what_was_recorded_changes(name: str) -> None:
    written = msgspec.json.decode(stored(name))
    read_again = msgspec.to_builtins(read(stored(name)))
    assert {**read_again, "data": None} == {**written, "data": None}


@pytest.mark.parametrize("name", TODAY)
def test_it_is_read_the_same_however_often_and_after_being_written_in_the_words_of_today(name: str) -> None:
    transcoder = MsgspecTranscoder()
    once = transcoder.decode(stored(name))
    assert transcoder.decode(stored(name)) == once
    assert transcoder.decode(transcoder.encode(once)) == once


def test_a_name_that_nobody_ever_released_is_still_not_read() -> None:
    with pytest.raises(msgspec.ValidationError):
        read(stored("payment.created.v1").replace(b"payment.created.v1", b"payment.created.v0"))


# the entries that the rules of then made, against those that today's rules make of the same events


def posted_then(event: SupersededEvent) -> tuple[Posting, ...]:
    """As version 1 of the rules had it."""
    match event:
        case PaymentCapturedV1(merchant_id=merchant, provider=provider, amount=amount, released=released, fee=fee):
            return (
                *moved(amount, f"psp:{provider}:clearing", f"merchant:{merchant}:pending"),
                *moved(amount + released, f"merchant:{merchant}:authorized", f"holds:{provider}"),
                *moved(fee, f"merchant:{merchant}:pending", "platform:fees"),
            )
        case PaymentRefundedV1(merchant_id=merchant, provider=provider, amount=amount):
            return moved(amount, f"merchant:{merchant}:pending", f"psp:{provider}:clearing")
        case DisputeOpenedV2(merchant_id=merchant, debit=debit):
            return (*drawn_lines(debit.drawn, merchant, Side.DEBIT), *held(merchant, Side.CREDIT, debit.settled))
        case DisputeWonV2(merchant_id=merchant, returned=returned):
            return (*held(merchant, Side.DEBIT, returned.total), *drawn_lines(returned, merchant, Side.CREDIT))
        case DisputeLostV2(merchant_id=merchant, settled=settled, conversion=Conversion() as conversion):
            gone = held(merchant, Side.DEBIT, settled)
            return (*gone, *exchanged(conversion, back=True), *clearing(event.provider, Side.CREDIT, event.amount))
        case DisputeReversedV1(merchant_id=merchant, returned=returned, conversion=Conversion() as conversion):
            came = clearing(event.provider, Side.DEBIT, event.amount)
            return (*came, *exchanged(conversion, back=False), *drawn_lines(returned, merchant, Side.CREDIT))
        case DisputeLostV2() | DisputeReversedV1():
            raise AssertionError("those goldens were converted")
        case PaymentRefundedV2(merchant_id=merchant, debit=debit):
            assert debit.conversion is not None
            assert debit.fee is not None
            converted = debit.conversion
            return (
                Posting(AccountCode(f"merchant:{merchant}:held"), Side.DEBIT, debit.total),
                Posting(AccountCode("fx:KWD"), Side.DEBIT, converted.amount),
                Posting(AccountCode("fx:EUR"), Side.CREDIT, converted.value),
                Posting(AccountCode("platform:fx_markup"), Side.DEBIT, converted.mark_up),
                Posting(AccountCode(f"psp:{event.provider}:clearing"), Side.CREDIT, event.amount),
                Posting(AccountCode("platform:fees"), Side.CREDIT, debit.fee.amount),
            )
        case DisputeOpenedV1(merchant_id=merchant, amount=amount):
            return moved(amount, f"merchant:{merchant}:pending", f"merchant:{merchant}:held")
        case DisputeWonV1(merchant_id=merchant, amount=amount):
            return moved(amount, f"merchant:{merchant}:held", f"merchant:{merchant}:pending")
        case DisputeLostV1(merchant_id=merchant, provider=provider, amount=amount):
            return moved(amount, f"merchant:{merchant}:held", f"psp:{provider}:clearing")
        case PaymentCreatedV1() | PaymentActionRequiredV1() | RefundStartedV1() | RefundFailedV1():
            return ()


def held(merchant: str, side: Side, amount: Money) -> tuple[Posting, ...]:
    return (Posting(AccountCode(f"merchant:{merchant}:held"), side, amount),)


def clearing(provider: str, side: Side, amount: Money) -> tuple[Posting, ...]:
    return (Posting(AccountCode(f"psp:{provider}:clearing"), side, amount),)


def drawn_lines(drawn: Drawn, merchant: str, side: Side) -> tuple[Posting, ...]:
    account = f"merchant:{merchant}"
    lots = [Posting(AccountCode(f"{account}:pending"), side, share.amount, share.due) for share in drawn.pending]
    available = Posting(AccountCode(f"{account}:available"), side, drawn.available)
    return (*lots, available, Posting(AccountCode(f"{account}:owed"), side, drawn.owed))


def exchanged(conversion: Conversion, *, back: bool) -> tuple[Posting, ...]:
    """What left no residue is not posted there."""
    into, out = (Side.CREDIT, Side.DEBIT) if not back else (Side.DEBIT, Side.CREDIT)
    lines = (
        Posting(AccountCode(f"fx:{conversion.amount.currency}"), into, conversion.amount),
        Posting(AccountCode(f"fx:{conversion.value.currency}"), out, conversion.value),
        Posting(AccountCode("platform:fx_markup"), into, conversion.mark_up),
        Posting(AccountCode("platform:fx_residue"), into, conversion.residue),
    )
    return tuple(line for line in lines if line.amount.minor)


def moved(amount: Money, debit: str, credit: str) -> tuple[Posting, ...]:
    if amount.minor == 0:
        return ()
    return Posting(AccountCode(debit), Side.DEBIT, amount), Posting(AccountCode(credit), Side.CREDIT, amount)


@pytest.mark.parametrize("name", sorted(set(TODAY) - {"journal.entry_posted.v1"}))
def test_the_rules_of_today_make_of_it_what_the_rules_of_then_posted(name: str) -> None:
    before = msgspec.json.decode(stored(name))["data"]
    [kind] = [each for each in get_args(SupersededEvent) if name_of(each) == name]
    entry = entry_for(PAYMENT, 5, read(stored(name)).data)
    assert (entry.postings if entry else ()) == posted_then(msgspec.convert(before, type=kind))


@given(amounts("EUR"), amounts("EUR", min_minor=0), amounts("EUR", min_minor=0))
def test_so_they_do_of_any_capture(amount: Money, released: Money, fee: Money) -> None:
    """Whether something was released, and whether there was a fee."""
    captured = PaymentCapturedV1(
        merchant_id=MERCHANT,
        provider=PROVIDER,
        capture_id=CAPTURE,
        reference="ch_31",
        amount=amount,
        released=released,
        final=True,
        fee=fee,
        fee_policy="flat:1",
    )
    today = upcast(captured, merchant_id=MERCHANT, recorded_at=RECORDED_AT)
    entry = entry_for(PAYMENT, 5, today)
    assert entry is not None
    assert entry.postings == posted_then(captured)
    assert isinstance(today, PaymentCaptured)
    assert today.proceeds.net == amount - fee
    assert today.proceeds.reserve == zero("EUR")


def test_an_entry_of_then_belongs_to_the_same_cause_in_the_same_stream() -> None:
    entry = read(stored("journal.entry_posted.v1")).data
    assert isinstance(entry, JournalEntryPosted)
    assert entry.cause_id == entry.payment_id == PAYMENT
    assert entry_id_for(entry.cause_id, 5) == entry_id_for(PAYMENT, 5)
