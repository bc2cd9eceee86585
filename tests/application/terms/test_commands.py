"""Terms in the store: added and activated in one append each, and in force in every process soon after."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from application.terms.cache import TermsBook
from application.terms.commands import TermsCommands
from application.write.store import Append, AppendResult, StoreUnavailable
from domain.history import Cause, Positioned, record
from domain.identifiers import PLATFORM, MerchantId
from domain.terms.documents.document import TermsInvalid
from domain.terms.events import TermsActivated, TermsAdded, TermsEvent, TermsKind
from domain.terms.terms import DEFAULT_TERMS
from domain.terms.versions import TERMS, TermsNotFound
from infrastructure.postgres.event_store.store import PostgresEventStore
from tests.support.store import open_store, until
from tests.support.terms import TEXTS

ANNA = Cause(actor="operator:anna", request_id="req_1", trace_id="0" * 32)
WHEN = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FEES, PAYOUTS = TermsKind.FEES, TermsKind.PAYOUTS
ACME, OTHER = MerchantId("mer_acme"), MerchantId("mer_other")
TEXT = TEXTS[FEES]
OTHER_TEXT = TEXT.replace('"standard"', '"special"').replace("290", "190")
UNREADABLE = '{"name": "from another release"}'


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[PostgresEventStore]:
    async with open_store(database_url) as opened:
        yield opened


@pytest.fixture
def terms(store: PostgresEventStore) -> TermsCommands:
    return TermsCommands(store, now=lambda: WHEN)


class AwayStore:
    """A store that sometimes does not answer."""

    def __init__(self, store: PostgresEventStore) -> None:
        self._store = store
        self.is_away = False

    async def append(self, append: Append) -> AppendResult:
        return await self._store.append(append)

    async def history_after(self, stream_id: UUID, version: int) -> list[Positioned]:
        if self.is_away:
            raise StoreUnavailable("away")
        return list(await self._store.history_after(stream_id, version))


async def test_terms_are_added_and_activated_by_whoever_did_it(terms: TermsCommands, store: PostgresEventStore) -> None:
    assert await terms.add(FEES, TEXT, ANNA) == 1
    assert await terms.add(PAYOUTS, TEXTS[PAYOUTS], ANNA) == 1
    await terms.activate(FEES, 1, None, ANNA)
    await terms.activate(PAYOUTS, 1, ACME, ANNA)
    history = await store.history(TERMS)
    assert [positioned.event.data for positioned in history] == [
        TermsAdded(kind=FEES, number=1, name="standard", document=TEXT),
        TermsAdded(kind=PAYOUTS, number=1, name="mondays", document=TEXTS[PAYOUTS]),
        TermsActivated(kind=FEES, number=1, merchant_id=None),
        TermsActivated(kind=PAYOUTS, number=1, merchant_id=ACME),
    ]
    assert {(each.event.actor, each.event.merchant_id, each.event.recorded_at) for each in history} == {
        ("operator:anna", PLATFORM, WHEN)
    }


async def test_the_same_text_has_the_same_number(terms: TermsCommands) -> None:
    assert [await terms.add(FEES, text, ANNA) for text in (TEXT, OTHER_TEXT, TEXT)] == [1, 2, 1]
    await terms.activate(FEES, 1, ACME, ANNA)
    await terms.activate(FEES, 1, ACME, ANNA)
    assert len(await terms.history()) == 3


async def test_invalid_terms_are_not_added(terms: TermsCommands) -> None:
    with pytest.raises(TermsInvalid, match="line 1: “name”"):
        await terms.add(FEES, TEXT.replace("standard", "Standard"), ANNA)
    with pytest.raises(TermsInvalid):
        await terms.add(PAYOUTS, TEXT, ANNA)
    assert await terms.history() == []


async def test_a_refused_activation_leaves_what_is_in_force(terms: TermsCommands, store: PostgresEventStore) -> None:
    await terms.add(FEES, TEXT, ANNA)
    await terms.activate(FEES, 1, None, ANNA)
    await stored(store, TermsAdded(kind=FEES, number=2, name="x", document=UNREADABLE), version=3)
    with pytest.raises(TermsNotFound):
        await terms.activate(FEES, 3, None, ANNA)
    with pytest.raises(TermsNotFound):
        await terms.activate(PAYOUTS, 1, None, ANNA)
    with pytest.raises(TermsInvalid):
        await terms.activate(FEES, 2, None, ANNA)
    assert (await terms.versions()).active(FEES, ACME) == 1


async def test_whoever_adds_at_the_same_time_gets_a_number_of_their_own(terms: TermsCommands) -> None:
    texts = [TEXT.replace("standard", f"standard-{number}") for number in range(6)]
    numbers = await asyncio.gather(*(terms.add(FEES, text, ANNA) for text in texts))
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]
    versions = await terms.versions()
    assert {versions.get(FEES, number).document for number in numbers} == set(texts)


async def test_before_any_terms_the_defaults_are_in_force(store: PostgresEventStore) -> None:
    book = TermsBook(store)
    await book.refresh()
    assert book.of(ACME) == DEFAULT_TERMS


async def test_of_each_kind_a_merchants_own_are_in_force_else_everybodys_else_the_default(
    terms: TermsCommands, store: PostgresEventStore
) -> None:
    book = TermsBook(store)
    await terms.add(FEES, TEXT, ANNA)
    await terms.add(FEES, OTHER_TEXT, ANNA)
    await terms.activate(FEES, 1, None, ANNA)
    await terms.activate(FEES, 2, ACME, ANNA)
    for kind in set(TermsKind) - {FEES}:
        await terms.activate(kind, await terms.add(kind, TEXTS[kind], ANNA), ACME, ANNA)
    await book.refresh()
    acme, other = book.of(ACME), book.of(OTHER)
    assert [acme.fees.version, acme.settlement.version, acme.conversion.version] == [
        "special:2",
        "weekly:1",
        "to-euro:1",
    ]
    assert [acme.payouts.version, acme.disputes.version] == ["mondays:1", "short:1"]
    assert other.fees.version == "standard:1"
    assert other.payouts == DEFAULT_TERMS.payouts
    await terms.activate(FEES, 1, ACME, ANNA)
    await book.refresh()
    assert book.of(ACME).fees.version == "standard:1"


async def test_a_plan_is_found_by_the_version_that_a_fee_names(terms: TermsCommands, store: PostgresEventStore) -> None:
    book = TermsBook(store)
    await terms.add(FEES, TEXT, ANNA)
    await terms.add(FEES, OTHER_TEXT, ANNA)
    await terms.activate(FEES, 2, None, ANNA)
    await book.refresh()
    for version in ("default:0", "standard:1", "special:2"):
        plan = book.fee_plan(version)
        assert plan is not None
        assert plan.version == version
    assert [book.fee_plan(version) for version in ("standard:2", "special:3", "special:0", "flat", "x:-1")] == [
        None
    ] * 5


async def test_a_book_that_is_started_follows_by_itself(terms: TermsCommands, store: PostgresEventStore) -> None:
    await terms.activate(FEES, await terms.add(FEES, TEXT, ANNA), None, ANNA)
    book = TermsBook(store)
    await book.start()
    try:
        assert book.of(ACME).fees.version == "standard:1"
        await terms.activate(FEES, await terms.add(FEES, OTHER_TEXT, ANNA), ACME, ANNA)

        async def follows() -> bool:
            return book.of(ACME).fees.version == "special:2"

        await until(follows, "the other plan is in force")
    finally:
        await book.aclose()


async def test_while_the_store_is_away_the_last_that_was_read_stays(
    terms: TermsCommands, store: PostgresEventStore
) -> None:
    away = AwayStore(store)
    book = TermsBook(away)
    await terms.activate(FEES, await terms.add(FEES, TEXT, ANNA), None, ANNA)
    await book.refresh()
    away.is_away = True
    with pytest.raises(StoreUnavailable):
        await book.refresh()
    assert book.of(ACME).fees.version == "standard:1"


async def test_a_book_starts_although_the_store_is_away(store: PostgresEventStore) -> None:
    away = AwayStore(store)
    away.is_away = True
    book = TermsBook(away)
    await book.start()
    assert book.of(ACME) == DEFAULT_TERMS
    await book.aclose()


@pytest.mark.parametrize("merchant_id", [ACME, None])
async def test_terms_that_cannot_be_read_leave_those_before_them_in_force(
    terms: TermsCommands,
    store: PostgresEventStore,
    caplog: pytest.LogCaptureFixture,
    merchant_id: MerchantId | None,
) -> None:
    following = TermsBook(store)
    await terms.activate(FEES, await terms.add(FEES, TEXT, ANNA), merchant_id, ANNA)
    await following.refresh()
    await stored(store, TermsAdded(kind=FEES, number=2, name="x", document=UNREADABLE), version=3)
    await stored(store, TermsActivated(kind=FEES, number=2, merchant_id=merchant_id), version=4)
    started_later = TermsBook(store)
    for book in (following, started_later):
        with caplog.at_level(logging.ERROR):
            await book.refresh()
        assert book.of(ACME).fees.version == "standard:1"
        assert [log.msg for log in caplog.records] == ["terms_unreadable"]
        caplog.clear()
        await book.refresh()
        assert book.fee_plan("x:2") is None
        assert not caplog.records, "it is told once"
    await terms.activate(FEES, await terms.add(FEES, OTHER_TEXT, ANNA), merchant_id, ANNA)
    await following.refresh()
    assert following.of(ACME).fees.version == "special:3"


async def stored(store: PostgresEventStore, event: TermsEvent, *, version: int) -> None:
    """What another release has written."""
    recorded = record(TERMS, version, event, merchant_id=PLATFORM, cause=ANNA, recorded_at=WHEN)
    await store.append(Append(events=(recorded,)))
