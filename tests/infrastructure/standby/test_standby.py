"""What was answered is on the standby, what is not is not told again, and nobody writes to a former primary."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from application.write.store import Answer, Append, Appended, KeyUsed, StoreUnavailable
from infrastructure.embedded.errors import HomeUnusable
from infrastructure.embedded.failover import WouldLose, promote
from infrastructure.embedded.ports import LOOPBACK
from infrastructure.embedded.postgres import EmbeddedPostgres
from infrastructure.embedded.primary import Address
from infrastructure.embedded.standby import EmbeddedStandby, Standing, take_off
from infrastructure.postgres.connection.session import Session, fence_of
from infrastructure.postgres.event_store import committer
from tests.support.domain import MERCHANT
from tests.support.replicas import Pair, a_pair, be_awaited
from tests.support.store import claim, created, open_committer, open_store, until

KEY = "key-1"
WAITS_FOR_STANDBY = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


@pytest.fixture
def pair(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    monkeypatch.setattr(committer, "CALL_WITHIN_S", 3.0)
    with a_pair(folder) as made:
        yield made


def under_key(key: str = KEY) -> Append:
    return Append(events=(created(uuid4()),), claim=claim(key, unresolved=False, answer=Answer(201, b"captured")))


def ask(server: EmbeddedPostgres, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


async def append_with_no_standby(pair: Pair) -> None:
    """One that the primary commits, and never answers."""
    async with open_committer(pair.primary.url) as writer:
        assert isinstance(await writer.append(under_key("before")), Appended)
        pair.standby.kill()
        with pytest.raises(StoreUnavailable):
            await writer.append(under_key())


@pytest.mark.system
async def test_an_unconfirmed_commit_is_not_told_after_a_restart(pair: Pair) -> None:
    await be_awaited(pair.standby)
    await append_with_no_standby(pair)
    pair.primary.kill()
    pair.primary.start()
    assert ask(pair.primary, f"SELECT status FROM operation_claim WHERE key = '{KEY}'") == [(201,)], "it can be seen"
    async with open_store(pair.primary.url, connects=False) as store:
        with pytest.raises(StoreUnavailable):
            await store.claim_by_key(MERCHANT, KEY)
        with pytest.raises(StoreUnavailable):
            await store.append(under_key())
        take_off(pair.standby.home, pair.standby.standing)
        told = await store.append(under_key())
        assert isinstance(told, KeyUsed)
        assert await store.claim_by_key(MERCHANT, KEY) == told.claim


@pytest.mark.system
async def test_a_wait_for_the_standby_that_somebody_ends_is_no_answer(pair: Pair) -> None:
    await be_awaited(pair.standby)
    async with open_store(pair.primary.url) as store, open_committer(pair.primary.url) as another:
        assert isinstance(await store.append(under_key("before")), Appended)
        assert await store.claim_by_key(MERCHANT, "before") is not None
        assert isinstance(await another.append(under_key("before")), KeyUsed)
        pair.standby.kill()
        appending = asyncio.create_task(store.append(under_key()))

        async def waits() -> bool:
            return bool(ask(pair.primary, WAITS_FOR_STANDBY))

        await until(waits, "the append waits for the standby")
        ask(pair.primary, f"SELECT pg_cancel_backend(pid) FROM ({WAITS_FOR_STANDBY}) AS waiting (pid)")
        with pytest.raises(StoreUnavailable):
            await appending
        with pytest.raises(StoreUnavailable):
            await store.claim_by_key(MERCHANT, KEY)
        with pytest.raises(StoreUnavailable):
            await another.append(under_key())
        pair.standby.start()

        async def told() -> bool:
            try:
                return await store.claim_by_key(MERCHANT, KEY) is not None
            except StoreUnavailable:
                return False

        await until(told, "the standby has it, and it is told", within_s=60)
        assert ask(pair.primary, WAITS_FOR_STANDBY) == [], "nothing is left waiting"


@pytest.mark.system
async def test_a_failover_keeps_what_was_answered_and_the_former_primary_comes_back(pair: Pair, folder: Path) -> None:
    await be_awaited(pair.standby)
    async with open_store(pair.url) as store:
        answered = await store.append(under_key("answered"))
        assert isinstance(answered, Appended)
        await append_with_no_standby(pair)
        pair.primary.kill()
        pair.standby.start()
        assert promote(pair.standby.home, accept_loss=False, tell=lambda _: None) == 2
        pair.primary.start()

        async def appends() -> bool:
            try:
                return isinstance(await store.append(under_key("after")), Appended | KeyUsed)
            except StoreUnavailable:
                return False

        await until(appends, "the writer has come over", within_s=60)
        assert fence_of(pair.url).epoch == 2

        async def is_told() -> bool:
            try:
                return await store.claim_by_key(MERCHANT, "answered") is not None
            except StoreUnavailable:
                return False

        await until(is_told, "readers have come over", within_s=60)
        # A writer of the new epoch that is sent to the former primary, by whatever stands between.
        with pytest.raises(psycopg.Error, match="epoch 2") as refused:
            ask(pair.primary, "SELECT append_commands('{}', '{}', '{}', '{}', '{}', 2)")
        assert refused.value.sqlstate == "TSEPO"
        pair.primary.stop()
        former = EmbeddedStandby(
            folder / "a", name="a", primary=[Address(LOOPBACK, pair.standby.port)], port=pair.primary.port
        )
        former.start()
        try:
            await be_awaited(former)
            assert isinstance(await store.append(under_key("both")), Appended)
            both = {("before",), ("answered",), ("after",), ("both",)}

            async def has_both() -> bool:
                # What was never answered is gone from it.
                return set(ask(former, "SELECT key FROM operation_claim")) == both

            await until(has_both, "the former primary has the new one's history")
        finally:
            former.stop()
        with pytest.raises(HomeUnusable, match="a standby's"):
            EmbeddedPostgres(folder / "a").start()


async def test_a_server_of_an_epoch_that_is_over_is_not_connected_to(database_url: str) -> None:
    fence = fence_of(database_url)
    session = await Session.connect(database_url, autocommit=True)
    fence.learn(fence.epoch + 1)
    with pytest.raises(psycopg.OperationalError):
        await session.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="of epoch 1, and epoch 2 has begun"):
        await Session.connect(database_url, autocommit=True)
    async with open_store(database_url, connects=False) as store:
        with pytest.raises(StoreUnavailable):
            await store.head()
        with pytest.raises(StoreUnavailable):
            await store.append(under_key())


@pytest.mark.system
async def test_a_standby_that_nobody_waited_for_is_promoted_only_when_told_to_accept_a_loss(pair: Pair) -> None:
    pair.primary.kill()
    with pytest.raises(WouldLose, match="--accept-loss"):
        promote(pair.standby.home, accept_loss=False, tell=lambda _: None)
    assert promote(pair.standby.home, accept_loss=True, tell=lambda _: None) == 2
    assert pair.standby.standing == Standing("b", [Address(LOOPBACK, pair.primary.port)])
