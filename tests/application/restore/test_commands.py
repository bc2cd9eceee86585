"""Whatever a provider does to its list, each entry is counted once and believed only where it says one thing."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from application.payment.orphans import OrphanState
from application.payout.bank_port import TakenPayment
from application.provider.listing import Listed, ListedOperation, ListingFailed, Unreadable
from application.provider.webhook import Notification
from application.restore.commands import MARGIN, ListedEntries, Reopening
from application.restore.explanation import Adopted, Known, ToAdopt, Unexplained, Verdict, Waiting
from domain.history import Cause
from domain.identifiers import OperationId, PaymentId, ProviderName
from domain.payment.events import OperationKind
from domain.payment.outcome import Approved
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.funds.payouts_taken import PostgresPayoutsTaken
from infrastructure.postgres.restore.orphans import PostgresOrphans
from interfaces.composition import utc_now
from tests.support.domain import eur
from tests.support.store import CAUSE, append_all, created, open_store

NORTH = ProviderName("north")
UNTIL = datetime(2026, 11, 27, 12, tzinfo=UTC)
SINCE = UNTIL - timedelta(hours=2)
PAYMENT = PaymentId(UUID(int=8 << 76 | 2 << 62 | 7))


def told(name: str, *, about: OperationKind = OperationKind.REFUND, minutes: int = 60, amount: str = "10.00") -> Listed:
    notification = Notification(
        event_id=name,
        about=about,
        outcome=Approved("ch_1"),
        operation_id=OperationId(UUID(int=9)),
        reference="ch_1",
        own_reference=f"own_{name}",
        amount=eur(amount),
    )
    return ListedOperation(notification=notification, payment_id=PAYMENT, at=SINCE + timedelta(minutes=minutes))


class Lists:
    """A provider that lists so, and then breaks off where `breaks_off`."""

    def __init__(self, *entries: Listed, breaks_off: bool = False) -> None:
        self.entries = entries
        self.breaks_off = breaks_off

    async def listed(self, since: datetime, until: datetime) -> AsyncIterator[Listed]:
        for entry in self.entries:
            yield entry
        if self.breaks_off:
            raise ListingFailed("HTTP status 500")


class Scripted:
    """Explanations by the names of entries; what is not named waits. `dies_at` is where the process is killed."""

    def __init__(self, **verdicts: Sequence[Verdict]) -> None:
        self.verdicts = {name: list(said) for name, said in verdicts.items()}
        self.adopted: list[str] = []
        self.dies_at: str | None = None

    async def judge(self, provider: ProviderName, fact: Listed) -> Verdict:
        if isinstance(fact, Unreadable):
            return Unexplained(fact.reason)
        name = fact.notification.event_id
        return ToAdopt("") if name in self.verdicts else Waiting("its payment is not here")

    async def adopt(self, provider: ProviderName, fact: Listed, cause: Cause) -> Verdict:
        assert not isinstance(fact, Unreadable)
        name = fact.notification.event_id
        if name == self.dies_at:
            raise KeyboardInterrupt
        self.adopted.append(name)
        script = self.verdicts.get(name)
        if not script:
            return Waiting("its payment is not here")
        return script.pop(0) if len(script) > 1 else script[0]


class NoBank:
    name = "none"

    async def taken(self) -> AsyncIterator[TakenPayment]:
        return
        yield


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[ReadPool]:
    opened = ReadPool(database_url)
    await opened.open()
    yield opened
    await opened.aclose()


def reopening(
    pool: ReadPool, explanations: Any, *entries: Listed, store: Any = None, breaks_off: bool = False
) -> Reopening:
    bank: Any = NoBank()
    return Reopening(
        explanations=explanations,
        store=store,
        orphans=PostgresOrphans(pool),
        listings={NORTH: Lists(*entries, breaks_off=breaks_off)},
        bank=bank,
        taken=PostgresPayoutsTaken(pool),
        now=utc_now,
    )


async def ask(asked: Reopening) -> ListedEntries:
    return await asked.ask(SINCE, UNTIL, lambda *_: None)


async def test_entries_that_come_twice_or_out_of_order_are_one_each_in_their_order(pool: ReadPool) -> None:
    late, early = told("late", minutes=90), told("early", minutes=30)
    charge = told("charge", about=OperationKind.AUTHORIZE, minutes=30)
    found = await ask(reopening(pool, Scripted(), late, early, charge, late, early))
    assert [entry.name for entry in found.entries] == ["charge", "early", "late"]
    assert found.count(Waiting) == 3


async def test_two_contents_under_one_name_are_neither_believed(pool: ReadPool) -> None:
    found = await ask(reopening(pool, Scripted(one=[Adopted("")]), told("one"), told("one", amount="99.00")))
    assert (found.count(Unexplained), found.count(ToAdopt)) == (1, 0)


async def test_what_was_not_asked_for_is_not_believed(pool: ReadPool) -> None:
    found = await ask(reopening(pool, Scripted(), told("before", minutes=-1), told("after", minutes=120)))
    assert found.count(Unexplained) == 2


async def test_a_list_that_breaks_off_is_no_list(pool: ReadPool) -> None:
    with pytest.raises(ListingFailed):
        await ask(reopening(pool, Scripted(), told("one"), breaks_off=True))


async def test_what_one_brings_about_lets_another_in(pool: ReadPool) -> None:
    script = Scripted(first=[Adopted("refunded")], second=[Waiting("not yet"), Known("it is on record")])
    asked = reopening(pool, script, told("second", minutes=10), told("first", minutes=20))
    found = await ask(asked)
    await asked.adopt(found, CAUSE, lambda *_: None)
    assert (found.count(Adopted), found.count(Known), found.count(Waiting)) == (1, 1, 0)
    assert await PostgresOrphans(pool).open() == []


async def test_a_reopening_that_is_killed_has_kept_its_orphans_first_and_is_done_again(pool: ReadPool) -> None:
    charge = told("charge", about=OperationKind.AUTHORIZE, minutes=10)
    script = Scripted(one=[Adopted("refunded")])
    script.dies_at = "one"
    asked = reopening(pool, script, charge, told("one", minutes=20))
    with pytest.raises(KeyboardInterrupt):
        await asked.adopt(await ask(asked), CAUSE, lambda *_: None)
    [kept] = await PostgresOrphans(pool).open()
    assert (kept.name, kept.state, kept.attempt_id) == ("charge", OrphanState.WAITING, UUID(int=9))

    script.dies_at = None
    found = await ask(asked)
    await asked.adopt(found, CAUSE, lambda *_: None)
    assert (found.count(Adopted), found.count(Waiting)) == (1, 1)
    assert len(await PostgresOrphans(pool).open()) == 1


async def test_what_an_operator_has_closed_stays_closed(pool: ReadPool) -> None:
    asked, register = reopening(pool, Scripted(), told("one")), PostgresOrphans(pool)
    await asked.adopt(await ask(asked), CAUSE, lambda *_: None)
    await register.close(NORTH, "one", "given back", "operator:anna")
    await asked.adopt(await ask(asked), CAUSE, lambda *_: None)
    assert await register.open() == []


async def test_the_window_begins_before_the_last_event_that_is_older_than_the_closing(
    pool: ReadPool, database_url: str
) -> None:
    closed_at = datetime(2026, 11, 27, 9, tzinfo=UTC)
    last, adopted = closed_at - timedelta(minutes=3), closed_at + timedelta(minutes=5)
    async with open_store(database_url) as store:
        await append_all(store, [created(uuid4(), recorded_at=at) for at in (last, adopted, adopted)])
        asked = reopening(pool, Scripted(), store=store)
        assert await asked.lost_since(closed_at) == last - MARGIN


async def test_a_store_without_events_asks_for_a_month(pool: ReadPool, database_url: str) -> None:
    closed_at = datetime(2026, 11, 27, 9, tzinfo=UTC)
    async with open_store(database_url) as store:
        asked = reopening(pool, Scripted(), store=store)
        assert await asked.lost_since(closed_at) == closed_at - timedelta(days=30)
