"""The journal is folded from its stored bytes, in any parts and processes, and a falsified entry is named."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import msgspec
import pytest
from msgspec.structs import replace

from application.payment.loaded import loaded_from
from application.write.store import Append
from domain.event import name_of
from domain.history import Positioned, Recorded, RecordedBefore
from domain.identifiers import PaymentId
from domain.ledger.accounts import pending, platform_fees
from domain.ledger.balances import BalanceKey, add_balances, fold_balances, trial_balance
from domain.ledger.causes import Causes
from domain.ledger.entry import JournalEntryPosted, entry_id_for
from domain.ledger.rules import entry_for
from domain.ledger.superseded import JournalEntryPostedV1
from domain.payment.events import CaptureStarted, FailureKind, PaymentEvent
from domain.payment.superseded import (
    DisputeLostV1,
    DisputeOpenedV1,
    DisputeWonV1,
    PaymentCapturedV1,
    PaymentRefundedV1,
    RefundFailedV1,
    RefundStartedV1,
    SupersededEvent,
)
from infrastructure.postgres.event_store import journal
from infrastructure.postgres.event_store.journal import UnreadableEntry, fold_journal
from tests.domain.test_superseded_events import posted_then
from tests.projections.histories import HISTORIES, recorded_history
from tests.support.domain import (
    ACQUIRER,
    APPROVED,
    CAPTURE,
    DISPUTE,
    HUNDRED,
    MERCHANT,
    OTHER_DISPUTE,
    REFUND,
    authorized,
    eur,
    operation,
    refund_answered,
    refunds,
)
from tests.support.store import CAUSE, RECORDED_AT, append_all, assert_appended, everything, execute, open_store

FALSIFY = """
ALTER TABLE stored_events DISABLE TRIGGER stored_events_are_immutable;
UPDATE stored_events SET state = convert_to({}, 'UTF8') WHERE notification_id = {};
"""
INSERT = """
INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (%s, %s, %s, %s)
"""
IN_ONE_PROCESS, IN_SEVERAL = 100, 0

OTHER_REFUND = operation(60)
BEFORE: tuple[PaymentEvent | SupersededEvent, ...] = (
    CaptureStarted(capture_id=CAPTURE, amount=HUNDRED, final=True),
    PaymentCapturedV1(
        merchant_id=MERCHANT,
        provider=ACQUIRER,
        capture_id=CAPTURE,
        reference="ch_1",
        amount=HUNDRED,
        released=eur("0.00"),
        final=True,
        fee=eur("1.50"),
        fee_policy="flat:1",
    ),
    RefundStartedV1(refund_id=REFUND, amount=eur("30.00"), reason=""),
    PaymentRefundedV1(merchant_id=MERCHANT, provider=ACQUIRER, refund_id=REFUND, reference="re_1", amount=eur("30.00")),
    RefundStartedV1(refund_id=OTHER_REFUND, amount=eur("5.00"), reason=""),
    RefundFailedV1(refund_id=OTHER_REFUND, kind=FailureKind.DECLINED, code="card_closed", message=""),
    DisputeOpenedV1(merchant_id=MERCHANT, dispute_id=DISPUTE, amount=eur("40.00"), reason="fraudulent"),
    DisputeWonV1(merchant_id=MERCHANT, dispute_id=DISPUTE, amount=eur("40.00")),
    DisputeOpenedV1(merchant_id=MERCHANT, dispute_id=OTHER_DISPUTE, amount=eur("20.00"), reason="fraudulent"),
    DisputeLostV1(merchant_id=MERCHANT, provider=ACQUIRER, dispute_id=OTHER_DISPUTE, amount=eur("20.00")),
)


@pytest.fixture
async def entries(database_url: str) -> list[Positioned]:
    """The store's journal entries, one payment after the other."""
    async with open_store(database_url) as store:
        for history in ("refunded", "authorized", "dispute lost", "created"):
            await append_all(store, recorded_history(uuid4(), HISTORIES[history]))
        return [event for event in await everything(store) if isinstance(event.event.data, JournalEntryPosted)]


async def folded(database_url: str, *, up_to: int) -> tuple[int, dict[BalanceKey, int]]:
    entries, balances = 0, dict[BalanceKey, int]()
    async for part in fold_journal(database_url, up_to=up_to):
        entries += part.entries
        add_balances(balances, part.balances)
    return entries, balances


def posted(entries: list[Positioned]) -> dict[BalanceKey, int]:
    return fold_balances(data for entry in entries if isinstance(data := entry.event.data, JournalEntryPosted))


@pytest.mark.parametrize("alone_max", [IN_ONE_PROCESS, IN_SEVERAL])
async def test_parts_add_up_to_all_entries(
    database_url: str, entries: list[Positioned], monkeypatch: pytest.MonkeyPatch, alone_max: int
) -> None:
    monkeypatch.setattr(journal, "PART_POSITIONS", 7)
    monkeypatch.setattr(journal, "PARTS_ALONE_MAX", alone_max)
    assert await folded(database_url, up_to=entries[-1].position) == (len(entries), posted(entries))


async def test_what_comes_after_is_left_out(database_url: str, entries: list[Positioned]) -> None:
    *before, last = entries
    assert await folded(database_url, up_to=last.position - 1) == (len(before), posted(before))


async def test_every_entry_is_that_of_its_cause(database_url: str, entries: list[Positioned]) -> None:
    assert await first_difference(database_url) is None


async def test_a_store_of_earlier_versions_is_found_in_order_and_goes_on_in_todays(database_url: str) -> None:
    payment_id = PaymentId(uuid4())
    for event in as_it_was_stored(payment_id):
        execute(database_url, INSERT, event.originator_id, event.originator_version, *topic_and_state(event))
    assert await first_difference(database_url) is None
    async with open_store(database_url) as store:
        loaded = loaded_from(payment_id, await store.history(payment_id))
        for decision in refunds(), refund_answered(APPROVED):
            events = decision(loaded.payment)
            now = RECORDED_AT
            assert_appended(await store.append(Append(events=loaded.record(events, cause=CAUSE, now=now))))
            loaded = loaded.after(events, now=now)
    assert await first_difference(database_url) is None
    _entries, balances = await folded(database_url, up_to=10_000)
    assert set(trial_balance(balances).values()) == {0}
    assert {key.account: minor for key, minor in balances.items() if minor} == {
        pending(MERCHANT): -150,
        platform_fees(): 150,
        # All that was taken has been given back: 30.00, 20.00 to the bank, and now the rest.
    }


async def test_an_entry_of_an_earlier_version_that_is_not_its_causes_is_named(database_url: str) -> None:
    for event in as_it_was_stored(PaymentId(uuid4()), falsified=True):
        execute(database_url, INSERT, event.originator_id, event.originator_version, *topic_and_state(event))
    difference = await first_difference(database_url)
    assert difference is not None
    assert "is not that of the payment.refunded.v3" in difference


def as_it_was_stored(payment_id: PaymentId, *, falsified: bool = False) -> Iterator[Recorded | RecordedBefore]:
    """Captured, refunded in part, and disputed twice, while only version 1 of all of it was known."""
    version = 0
    for event in (*authorized(), *BEFORE):
        version += 1
        yield _recorded(payment_id, version, event)
        if isinstance(event, PaymentEvent):
            entry = entry_for(payment_id, version, event)
            postings = entry.postings if entry else ()
        else:
            postings = posted_then(event)
        if not postings:
            continue
        if falsified and isinstance(event, PaymentRefundedV1):
            postings = posted_then(replace(event, amount=eur("30.01")))
        posted = JournalEntryPostedV1(
            payment_id=payment_id,
            merchant_id=MERCHANT,
            cause=name_of(event),
            cause_version=version,
            postings=postings,
        )
        yield _recorded(entry_id_for(payment_id, version), 1, posted)


def _recorded(
    stream_id: UUID, version: int, data: PaymentEvent | SupersededEvent | JournalEntryPostedV1
) -> Recorded | RecordedBefore:
    kind: type[Recorded] | type[RecordedBefore] = Recorded if isinstance(data, PaymentEvent) else RecordedBefore
    return kind(
        originator_id=stream_id,
        originator_version=version,
        merchant_id=MERCHANT,
        recorded_at=RECORDED_AT,
        actor=CAUSE.actor,
        request_id=CAUSE.request_id,
        trace_id=CAUSE.trace_id,
        causation_id=None,
        data=data,  # type: ignore[arg-type]
    )


def topic_and_state(event: Recorded | RecordedBefore) -> tuple[str, bytes]:
    return name_of(event.data), msgspec.json.encode(event)


async def first_difference(database_url: str) -> str | None:
    causes = Causes()
    async for part in fold_journal(database_url, up_to=10_000):
        causes.join(part.causes)
    found = causes.first_difference()
    return None if found is None else found.what


async def test_an_empty_store_has_no_entries(database_url: str) -> None:
    assert await folded(database_url, up_to=0) == (0, {})


@pytest.mark.parametrize("alone_max", [IN_ONE_PROCESS, IN_SEVERAL])
@pytest.mark.parametrize(
    ("falsified", "why"),
    [
        ("""regexp_replace(convert_from(state, 'UTF8'), '"minor":', '"minor":1')""", "debits exceed credits by"),
        ("""replace(convert_from(state, 'UTF8'), '"minor":', '"minor":-')""", "a posting needs a positive amount"),
        ("""replace(convert_from(state, 'UTF8'), 'merchant:', 'pocket:')""", "UnknownAccount"),
        ("""regexp_replace(convert_from(state, 'UTF8'), '"postings":.*', '"postings":[]}}')""", "without postings"),
        ("""replace(convert_from(state, 'UTF8'), 'journal.', 'diary.')""", "Invalid value"),
        ("'nothing'", "JSON"),
    ],
)
async def test_an_entry_that_cannot_be_is_named(
    database_url: str,
    entries: list[Positioned],
    monkeypatch: pytest.MonkeyPatch,
    alone_max: int,
    falsified: str,
    why: str,
) -> None:
    monkeypatch.setattr(journal, "PARTS_ALONE_MAX", alone_max)
    position = entries[2].position
    for statement in FALSIFY.format(falsified, position).strip().splitlines():
        execute(database_url, statement)
    with pytest.raises(UnreadableEntry, match=rf"at position {position} cannot be read: .*{why}"):
        await folded(database_url, up_to=entries[-1].position)
