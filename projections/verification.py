"""All derived data is verified: the whole store is folded again and compared with the stored rows and balances."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from msgspec import Struct
from psycopg.sql import SQL, Identifier

from domain.history import Positioned
from domain.ledger.accounts import account
from domain.ledger.balances import BalanceKey, post, trial_balance
from domain.ledger.entry import JournalEntryPosted
from projections.engine.checkpoint import Checkpoint, checkpoints, positions
from projections.engine.tables import all_rows
from projections.engine.view import Key, View, fold
from projections.views import VIEWS

_AT_ONE_INSTANT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_SELECT_HEAD = "SELECT coalesce(max(notification_id), 0) FROM stored_events"
_SELECT_BALANCES = "SELECT account, currency, balance_minor FROM account_balance"

Connection = psycopg.AsyncConnection[Any]


class KeptBalances(Struct, frozen=True, kw_only=True):
    """The balances that the appends maintain, after the event at `head` and before any later one."""

    head: int
    minor: Mapping[BalanceKey, int]


class KeptViews(Struct, frozen=True, kw_only=True):
    """Every view's rows at the position of its own checkpoint, read when the store's last event was at `head`."""

    head: int
    checkpoints: Mapping[str, Checkpoint]
    rows: Mapping[str, Mapping[Key, Any]]

    @property
    def positions(self) -> dict[str, int]:
        return {name: checkpoint.position for name, checkpoint in self.checkpoints.items()}


class Difference(Struct, frozen=True):
    """A difference between a derived value and the replay; None where one side lacks the value."""

    where: str
    kept: str | None
    replayed: str | None


class Replay:
    """The store folded in memory: every view's rows, every account's balance, the trial balance.

    A view named in `views_up_to` is folded up to that position only, so that its rows equal the stored ones there.
    """

    def __init__(self, views_up_to: Mapping[str, int] | None = None) -> None:
        self._views_up_to = views_up_to or {}
        self.rows: dict[str, dict[Key, Any]] = {name: {} for name in VIEWS}
        self.balances: dict[BalanceKey, int] = {}
        self.events = 0
        self.entries = 0

    def take_in(self, events: Sequence[Positioned]) -> None:
        self.events += len(events)
        for name, view in VIEWS.items():
            due = up_to(self._views_up_to.get(name), events)
            self.rows[name].update(fold(view, self.rows[name], due))
        for positioned in events:
            if isinstance(positioned.event.data, JournalEntryPosted):
                self.entries += 1
                post(self.balances, positioned.event.data)

    @property
    def trial_balance(self) -> dict[str, int]:
        return trial_balance(self.balances)


def up_to(position: int | None, events: Sequence[Positioned]) -> Sequence[Positioned]:
    """The events up to `position`, inclusive; all of them for None."""
    if position is None:
        return events
    return [positioned for positioned in events if positioned.position <= position]


def view_difference(view: View[Any], kept: Mapping[Key, Any], replayed: Mapping[Key, Any]) -> Difference | None:
    """The first row in which a view differs from the replay; None where all rows are equal."""
    for key in [*replayed, *(key for key in kept if key not in replayed)]:
        if kept.get(key) != replayed.get(key):
            return Difference(f"{view.name} {key}", _shown(kept.get(key)), _shown(replayed.get(key)))
    return None


def balance_difference(kept: Mapping[BalanceKey, int], replayed: Mapping[BalanceKey, int]) -> Difference | None:
    """The first maintained balance that differs from the folded entries; None where all are equal."""
    limited = {key: minor for key, minor in replayed.items() if account(key.account).floor_minor is not None}
    for key in sorted(limited.keys() | kept.keys()):
        if kept.get(key, 0) != limited.get(key, 0):
            return Difference(f"{key.account} in {key.currency}", _shown(kept.get(key)), _shown(limited.get(key)))
    return None


async def kept_balances(connection: Connection) -> KeptBalances:
    """The balances and their position, from one snapshot."""
    async with _one_instant(connection):
        head = await _head(connection)
        cursor = await connection.execute(_SELECT_BALANCES)
        minor = {BalanceKey(code, currency): int(minor) for code, currency, minor in await cursor.fetchall()}
    return KeptBalances(head=head, minor=minor)


async def kept_views(connection: Connection) -> KeptViews:
    """Every view's rows and position, from one snapshot, in the connection's schema.

    Raises ViewRebuilding for a view whose rows this version cannot read. A rebuild that is about to swap a table waits
    until all views are read.
    """
    async with _one_instant(connection, lock=[view.table for view in VIEWS.values()]):
        await positions(connection, VIEWS.values())
        stands = {checkpoint.projection: checkpoint for checkpoint in await checkpoints(connection)}
        return KeptViews(
            head=await _head(connection),
            checkpoints={name: stands[name] for name in VIEWS},
            rows={name: await all_rows(connection, view) for name, view in VIEWS.items()},
        )


@asynccontextmanager
async def _one_instant(connection: Connection, *, lock: Iterable[str] = ()) -> AsyncIterator[None]:
    """Every read in the block is from one snapshot, and no table in `lock` is replaced before the block ends."""
    async with connection.transaction():
        await connection.execute(_AT_ONE_INSTANT)
        for table in lock:
            # Before the first SELECT, which fixes the snapshot: a table swapped in afterwards would look empty.
            await connection.execute(SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(Identifier(table)))
        yield


async def _head(connection: Connection) -> int:
    [(head,)] = await (await connection.execute(_SELECT_HEAD)).fetchall()
    return int(head)


def _shown(value: object) -> str | None:
    return None if value is None else str(value)
