"""The inbox: kept in batches, claimed by one worker at a time, taken over when a lease is over, told apart by event."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from application.webhook_in.inbox import Delivery, DeliveryState, EventName, Finished, NewDelivery
from application.write.store import StoreUnavailable, WriterBusy
from domain.identifiers import ProviderName
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.inbox import delivery_writer
from infrastructure.postgres.inbox.delivery_archive import PostgresDeliveryArchive
from infrastructure.postgres.inbox.delivery_writer import DeliveryWriter
from infrastructure.postgres.inbox.inbox import PostgresInbox
from interfaces import ids
from tests.support.store import execute, until

PROVIDER = ProviderName("northbank")


def delivery(body: bytes = b"{}") -> NewDelivery:
    return NewDelivery(
        id=ids.new_uuid(),
        provider=PROVIDER,
        received_at=datetime.now(UTC),
        headers={"content-type": "application/json"},
        body=body,
        body_sha256=hashlib.sha256(body).digest(),
    )


def done(claimed: Delivery) -> Finished:
    return Finished(
        id=claimed.id,
        leased_until=claimed.leased_until,
        state=DeliveryState.DONE,
        result="nothing new",
        event_id="evt_1",
        payment_id=None,
        tries=1,
    )


@pytest.fixture
async def writer(database_url: str) -> AsyncIterator[DeliveryWriter]:
    made = DeliveryWriter(database_url)
    made.start()
    yield made
    await made.aclose()


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[ReadPool]:
    made = ReadPool(database_url)
    await made.open()
    yield made
    await made.aclose()


async def keep(writer: DeliveryWriter, deliveries: int) -> list[UUID]:
    kept = [delivery(b'{"n": %d}' % number) for number in range(deliveries)]
    await asyncio.gather(*map(writer.add, kept))
    return [each.id for each in kept]


async def test_what_was_added_is_kept_as_it_came(writer: DeliveryWriter, pool: ReadPool) -> None:
    added = delivery(b"\x00\xff raw")
    await writer.add(added)
    kept = await PostgresDeliveryArchive(pool).find(added.id)
    assert kept is not None
    assert (kept.body, kept.headers, kept.received_at) == (added.body, added.headers, added.received_at)
    assert (kept.state, kept.tries, kept.result) == (DeliveryState.WAITING, 0, None)


async def test_those_that_come_together_are_kept_together(writer: DeliveryWriter, database_url: str) -> None:
    await keep(writer, 100)
    [(transactions,)] = execute(database_url, "SELECT count(DISTINCT xmin::text) FROM webhook_delivery")
    assert transactions <= 2


async def test_a_delivery_that_comes_after_the_end_is_told_so(writer: DeliveryWriter) -> None:
    await writer.aclose()
    with pytest.raises(StoreUnavailable, match="closed"):
        await writer.add(delivery())


async def test_one_delivery_is_claimed_by_one_worker(writer: DeliveryWriter, pool: ReadPool) -> None:
    kept = await keep(writer, 60)
    inbox = PostgresInbox(pool)
    claims = await asyncio.gather(*(inbox.claim(20) for _ in range(6)))
    claimed = [each.id for claim in claims for each in claim]
    rest = [each.id for each in await inbox.claim(100)]
    assert sorted(claimed + rest) == sorted(kept)


async def test_what_a_worker_never_finished_comes_back(writer: DeliveryWriter, pool: ReadPool) -> None:
    [kept] = await keep(writer, 1)
    inbox = PostgresInbox(pool, lease_s=0.05)
    [first] = await inbox.claim(1)
    claimed: list[Delivery] = []

    async def is_back() -> bool:
        claimed.extend(await inbox.claim(1))
        return bool(claimed)

    await until(is_back, "the lease is over")
    assert (claimed[0].id, claimed[0].tries) == (kept, first.tries)


async def test_who_lost_the_lease_writes_nothing_down(writer: DeliveryWriter, pool: ReadPool) -> None:
    [kept] = await keep(writer, 1)
    inbox, archive = PostgresInbox(pool), PostgresDeliveryArchive(pool)
    [claimed] = await inbox.claim(1)
    await inbox.wait_again(kept)
    await inbox.finish([done(claimed)])
    stored = await archive.find(kept)
    assert stored is not None
    assert stored.state is DeliveryState.WAITING
    [again] = await inbox.claim(1)
    assert again.was_dead
    await inbox.finish([done(again)])
    stored = await archive.find(kept)
    assert stored is not None
    assert (stored.state, stored.result, stored.event_id) == (DeliveryState.DONE, "nothing new", "evt_1")


async def test_what_a_worker_has_in_hand_and_what_it_has_enough_of_is_left_out(
    writer: DeliveryWriter, pool: ReadPool
) -> None:
    first, second = await keep(writer, 2)
    inbox = PostgresInbox(pool)
    assert await inbox.claim(2, not_of=[PROVIDER]) == []
    assert [each.id for each in await inbox.claim(2, but=[first])] == [second]


async def test_a_lease_that_is_begun_anew_is_the_one_that_counts(writer: DeliveryWriter, pool: ReadPool) -> None:
    [kept] = await keep(writer, 1)
    inbox, archive = PostgresInbox(pool), PostgresDeliveryArchive(pool)
    [claimed] = await inbox.claim(1)
    held = await inbox.hold(claimed)
    assert held is not None
    assert held.leased_until > claimed.leased_until
    assert await inbox.hold(claimed) is None
    await inbox.finish([done(claimed)])
    stored = await archive.find(kept)
    assert stored is not None
    assert stored.state is DeliveryState.WAITING
    await inbox.finish([done(held)])
    stored = await archive.find(kept)
    assert stored is not None
    assert stored.state is DeliveryState.DONE


async def test_who_gets_what_was_being_given_up_knows_it(writer: DeliveryWriter, pool: ReadPool) -> None:
    await keep(writer, 1)
    inbox = PostgresInbox(pool, lease_s=0.01)
    [claimed] = await inbox.claim(1)
    assert not claimed.was_dead
    assert await inbox.hold(claimed, giving_up=True) is not None
    again: list[Delivery] = []

    async def is_back() -> bool:
        again.extend(await inbox.claim(1))
        return bool(again)

    await until(is_back, "the lease is over")
    assert again[0].was_dead


async def test_what_is_done_can_be_put_back_for_the_sake_of_its_letter(writer: DeliveryWriter, pool: ReadPool) -> None:
    [kept] = await keep(writer, 1)
    inbox = PostgresInbox(pool)
    [claimed] = await inbox.claim(1)
    assert await inbox.finish([done(claimed)]) == {kept}
    assert await inbox.finish([done(claimed)]) == set()
    await inbox.wait_again(kept)
    [again] = await inbox.claim(1)
    assert (again.id, again.was_dead) == (kept, True)


async def test_an_event_belongs_to_the_delivery_that_named_it_first_whoever_asks_at_the_same_time(
    writer: DeliveryWriter, pool: ReadPool
) -> None:
    kept = await keep(writer, 20)
    inbox = PostgresInbox(pool)
    names = [EventName(PROVIDER, f"evt_{number}") for number in range(5)]
    asked = await asyncio.gather(*(inbox.first_of([(each, name) for name in reversed(names)]) for each in kept))
    assert all(answer == asked[0] for answer in asked)
    assert set(asked[0]) == set(names)
    other = EventName(ProviderName("southbank"), "evt_0")
    assert (await inbox.first_of([(kept[7], other)]))[other] == kept[7]


async def test_a_full_queue_takes_no_more_and_says_so_at_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_writer, "QUEUE_DELIVERIES_MAX", 2)
    writer = DeliveryWriter(database_url)  # Not started: nothing leaves the queue.
    waiting = [asyncio.create_task(writer.add(delivery())) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(WriterBusy):
        await writer.add(delivery())
    await writer.aclose()
    for told in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(told, StoreUnavailable)


async def test_a_store_that_is_away_is_told_and_found_again(writer: DeliveryWriter, database_url: str) -> None:
    await keep(writer, 1)
    execute(database_url, "ALTER TABLE webhook_delivery RENAME TO away")
    with pytest.raises(StoreUnavailable):
        await writer.add(delivery())
    execute(database_url, "ALTER TABLE away RENAME TO webhook_delivery")
    await keep(writer, 1)
    assert execute(database_url, "SELECT count(*) FROM webhook_delivery") == [(2,)]
