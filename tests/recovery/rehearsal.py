"""Load, every process killed, the disk lost, a restore, `tallystick reopen`, and every key sent again."""

import asyncio
import shutil
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import aiohttp
import psycopg

from application.access.merchant import create_key as create_api_key
from application.access.merchant import create_merchant
from infrastructure.backup.folder import StoreFolder, stores_in
from infrastructure.backup.key import create_key, read_key
from infrastructure.backup.restore import base_for, restore
from infrastructure.postgres.backups import BackupState, backup_state
from interfaces import ids
from interfaces.composition import Core
from interfaces.demo.checks import UNCHARGED, book_differences, our_amounts, provider_charges
from interfaces.runtime.settings import VARIABLES
from interfaces.runtime.supervisor import Stack
from projections.verification import Replay
from tests.recovery.orders import Orders
from tests.recovery.outside import NAME, Outside, provider_outside
from tests.support.running import Merchant, eventually

REOPENED_WITHIN_S = 120.0
ANSWERED_WITHIN_S = 60.0
BATCH_EVENTS_MAX = 2_000


class Outcome(NamedTuple):
    """`lost` are requests whose answer changed or never came, and payments that differ from the provider's books;
    `lost_events` is how much the restored store did not have."""

    double_charges: int
    lost: list[str]
    explained: bool
    lost_events: int


def rehearse(folder: Path, seed: int, *, orders: int, to_share: float | None = None) -> Outcome:
    """Lose the machine after at least so many answers, some of them archived. Restore all that is archived; or, with
    `to_share`, only that share of it, so that a window is lost for certain."""
    create_key(folder / "backup.key")
    shop = Orders(seed)
    with provider_outside(folder / "outside") as outside:
        with _stack(folder / "home", folder, outside) as stack:
            secret, head, archived = asyncio.run(_until_the_machine_is_lost(stack, shop, orders))
        shutil.rmtree(folder / "home")
        [store_id] = stores_in(folder / "backups")
        backups = StoreFolder(folder / "backups", store_id, read_key(folder / "backup.key"))
        target = None if to_share is None else max(int(archived * to_share), backups.base_backups()[0].position)
        restored = restore(backups, base_for(backups, target), folder / "restored", target, print)
        with _stack(folder / "restored", folder, outside) as stack:
            lost = [] if _reopened(stack) else ["the store stayed closed"]
            more, explained, doubles = asyncio.run(_sent_again(stack, outside, shop, secret))
    return Outcome(doubles, [*lost, *more], explained, head - restored.position)


def _stack(home: Path, folder: Path, outside: Outside) -> Stack:
    environment = {
        VARIABLES["providers_file"]: str(outside.accounts_file),
        VARIABLES["backup_folder"]: str(folder / "backups"),
        VARIABLES["backup_key_file"]: str(folder / "backup.key"),
    }
    return Stack(home, environment=environment)


async def _until_the_machine_is_lost(stack: Stack, shop: Orders, orders: int) -> tuple[str, int, int]:
    """The merchant's key, and the positions that the store and its archive had come to."""
    await eventually(lambda: _has_base(stack), "a base backup")
    async with Core(stack.settings) as core:
        merchant_id = await create_merchant(core.access.directory, "Shop", ids.new_id)
        secret = (await create_api_key(core.access.directory, merchant_id, ids.new_id)).secret
    async with aiohttp.ClientSession() as http:
        placing = asyncio.create_task(shop.run(Merchant(http, stack.url, merchant_id, "", secret)))

        async def enough() -> bool:
            return len(shop.told) >= orders and (await _state(stack)).archived_position not in (None, 0)

        await eventually(enough, f"{orders} answers, and some of them archived")
        archived, head = (await _state(stack)).archived_position, await _head(stack)
        assert archived is not None
        for process in (stack.api, stack.worker, stack.archive, stack.embedded.postgres, stack.embedded.nats):
            assert process is not None
            process.kill()
        await placing
    return secret, head, archived


async def _sent_again(stack: Stack, outside: Outside, shop: Orders, secret: str) -> tuple[list[str], bool, int]:
    """What was lost, whether all is explained, and how many charges are too many."""
    async with aiohttp.ClientSession() as http:
        lost = await shop.repeat(Merchant(http, stack.url, "", "", secret), ANSWERED_WITHIN_S)
    explained = await _becomes_explained(stack)
    async with Core(stack.settings) as core:
        lost += await _differences(core, outside)
    return lost, explained, await _double_charges(outside)


def _reopened(stack: Stack) -> bool:
    process = stack.process("reopen", ["reopen", "--yes", "--json"])
    process.start()
    if process.wait(REOPENED_WITHIN_S) == 0:
        return True
    print(process.log_tail())
    return False


async def _differences(core: Core, outside: Outside) -> list[str]:
    """Where our books and the provider's depart once nothing is at the provider any more."""

    async def is_settled() -> bool:
        async with core.pool.connection() as connection:
            rows = await (await connection.execute("SELECT count(*) FROM operation_claim WHERE unresolved")).fetchall()
        return rows == [(0,)]

    await eventually(is_settled, "every outcome")
    replay, position = Replay(), 0
    while events := await core.store.after(position, events_max=BATCH_EVENTS_MAX):
        replay.take_in(events)
        position = events[-1].position
    assert not any(replay.trial_balance.values())
    charges = [(NAME, each) for each in await provider_charges(outside.url) if each.status not in UNCHARGED]
    return book_differences(our_amounts(replay), charges)


async def _double_charges(outside: Outside) -> int:
    """How many charges there are beyond one for each order, which its amount tells from the others."""
    charges = [each for each in await provider_charges(outside.url) if each.status not in UNCHARGED]
    return sum(count - 1 for count in Counter(each.authorized for each in charges).values())


async def _becomes_explained(stack: Stack) -> bool:
    try:
        await eventually(lambda: _nothing_waits(stack), "everything that the provider told is explained", within_s=60.0)
    except AssertionError:
        return False
    return True


async def _state(stack: Stack) -> BackupState:
    async with await psycopg.AsyncConnection.connect(stack.settings.database_url) as connection:
        return await backup_state(connection)


async def _has_base(stack: Stack) -> bool:
    return (await _state(stack)).last_base_at is not None


async def _head(stack: Stack) -> int:
    async with Core(stack.settings) as core:
        return await core.store.head()


async def _nothing_waits(stack: Stack) -> bool:
    async with await psycopg.AsyncConnection.connect(stack.settings.database_url) as connection:
        rows = await (await connection.execute("SELECT count(*) FROM orphan WHERE state <> 'explained'")).fetchall()
    return rows == [(0,)]
