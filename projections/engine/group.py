"""Views that stand at one checkpoint: each event goes to the views that take its type, and one statement writes the
rows of all and moves the checkpoint."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import psycopg

from domain.errors import described
from domain.history import Positioned
from projections.engine.checkpoint import Place
from projections.engine.row_sql import keys_json, row_sql, rows_json
from projections.engine.rows import Connection, Rows
from projections.engine.view import Key, Touches, View, touches, types_taken

# One statement, and so one transaction and one round trip. Nothing is written where the checkpoint is not where its
# projector left it: another projector has moved it, or a rebuild has replaced a table. The tables come in the order of
# their names, and the checkpoint's row is locked after all of them: as a rebuild does, to avoid a deadlock.
_ADVANCE = b"""
WITH moved AS (
    UPDATE views.checkpoint SET position = %%s, updated_at = clock_timestamp(), failure = NULL
    WHERE projection = %%s AND position = %%s AND version = %%s AND NOT is_shared
    RETURNING position
)%b
SELECT count(*) FROM moved
"""
_WRITTEN = b", written_%d AS (%b)"
_FOUND = b"SELECT %d, found.row FROM (%b) AS found (row)"
_COMBINATIONS_MAX = 256
"""Of views that change together: the statements that are kept."""
_PROGRAM_LIMIT = "54"
"""The class of SQLSTATE of a value that is too large, for an index say. psycopg counts it to the operational errors."""

Views = tuple[View[Any], ...]
T = TypeVar("T")
R = TypeVar("R")


class NotApplied(Exception):
    """Some of the views cannot take a batch in: the error of each, by name. Nothing was written."""

    def __init__(self, errors: Mapping[str, Exception]) -> None:
        super().__init__(", ".join(f"{name}: {described(error)}" for name, error in errors.items()))
        self.errors = errors


def after(position: int, events: Iterable[Positioned]) -> list[Positioned]:
    """The events after `position`, in order and without repetitions."""
    fresh = []
    for event in events:
        if event.position > position:
            fresh.append(event)
            position = event.position
    return fresh


class Group:
    """The rows of views that stand at one checkpoint, for the only projector that writes them."""

    def __init__(self, connection: Connection, views: Iterable[View[Any]]) -> None:
        self._connection = connection
        self._rows = {view.name: Rows(connection, view) for view in sorted(views, key=lambda view: view.table)}
        self._takers: dict[type, list[str]] = defaultdict(list)
        for name, rows in self._rows.items():
            for taken in types_taken(rows.view):
                self._takers[taken].append(name)

    @property
    def names(self) -> Sequence[str]:
        return list(self._rows)

    async def advance(self, checkpoint: str, place: Place, events: Sequence[Positioned]) -> bool:
        """Apply `events`, which are in order and all after the position; False where the checkpoint is no longer at
        `place`. Raises NotApplied.

        The commit need not survive a crash: rows and position fall back together, and the events are in the store.
        """
        changed = await self._changed_by(events)
        written = self._each(changed, lambda _, rows: rows_json(rows.values()))
        try:
            cursor = await self._connection.execute(
                _advance(self._views(written)),
                (events[-1].position, checkpoint, *place, *written.values()),
                prepare=True,
            )
        except psycopg.Error as error:
            _raise_if_not_of_a_value(error)
            errors = await self._tried(written, error, lambda rows, _: rows.upsert(changed[rows.view.name].values()))
            raise NotApplied(errors) from error
        [(moved,)] = await cursor.fetchall()
        if moved:
            for name, rows in changed.items():
                self._rows[name].keep(rows)
        return bool(moved)

    async def _changed_by(self, events: Sequence[Positioned]) -> dict[str, dict[Key, Any]]:
        """The rows that `events` change, as they are after the events, by view; no view without any."""
        touched = self._each(self._taken(events), lambda rows, taken: touches(rows.view, taken))
        await self._load(touched)
        changed = self._each(touched, Rows.fold)
        return {name: rows for name, rows in changed.items() if rows}

    def _taken(self, events: Sequence[Positioned]) -> dict[str, list[Positioned]]:
        """The events that each view takes; no view that takes none of them."""
        taken: dict[str, list[Positioned]] = defaultdict(list)
        for event in events:
            for name in self._takers.get(type(event.event.data), ()):
                taken[name].append(event)
        return {name: taken[name] for name in self._rows if name in taken}

    async def _load(self, touched: Mapping[str, Touches]) -> None:
        """Read those of the touched rows into memory that are in their tables, with one statement for all views."""
        missing = {name: keys for name, keys in self._each(touched, Rows.missing).items() if keys}
        if not missing:
            return
        wanted = self._each(missing, lambda rows, keys: keys_json(rows.view, keys))
        try:
            # Planned every time: a plan made for a small table would read the whole table once it is large.
            cursor = await self._connection.execute(_select(self._views(wanted)), tuple(wanted.values()), prepare=False)
        except psycopg.Error as error:
            _raise_if_not_of_a_value(error)
            errors = await self._tried(wanted, error, lambda rows, keys: _looked_up(self._connection, rows, keys))
            raise NotApplied(errors) from error
        found: list[list[str]] = [[] for _ in wanted]
        for number, text in await cursor.fetchall():
            found[number].append(text)
        self._each(dict(zip(wanted, found, strict=True)), Rows.found)

    def _views(self, names: Iterable[str]) -> Views:
        return tuple(self._rows[name].view for name in names)

    def _each(self, arguments: Mapping[str, T], step: Callable[[Rows[Any], T], R]) -> dict[str, R]:
        """The result of `step` for each view. Raises NotApplied with the error of each view for which it fails."""
        results: dict[str, R] = {}
        errors: dict[str, Exception] = {}
        for name, argument in arguments.items():
            try:
                results[name] = step(self._rows[name], argument)
            except Exception as error:
                errors[name] = error
        if errors:
            raise NotApplied(errors)
        return results

    async def _tried(
        self, arguments: Mapping[str, T], error: psycopg.Error, step: Callable[[Rows[Any], T], Awaitable[None]]
    ) -> Mapping[str, Exception]:
        """The errors of the views whose part fails alone, after `error` of a statement for all; nothing is written. All
        views where no part fails alone."""
        errors: dict[str, Exception] = {}
        for name, argument in arguments.items() if len(arguments) > 1 else ():
            try:
                async with self._connection.transaction(force_rollback=True):
                    await step(self._rows[name], argument)
            except psycopg.Error as of_view:
                _raise_if_not_of_a_value(of_view)
                errors[name] = of_view
        return errors or dict.fromkeys(arguments, error)


def _raise_if_not_of_a_value(error: psycopg.Error) -> None:
    """Raise an error of the connection or the server again, which no event and no view is to blame for."""
    if isinstance(error, psycopg.OperationalError) and not (error.sqlstate or "").startswith(_PROGRAM_LIMIT):
        raise error


async def _looked_up(connection: Connection, rows: Rows[Any], keys: str) -> None:
    await connection.execute(row_sql(rows.view).select, (keys,), prepare=False)


@lru_cache(maxsize=_COMBINATIONS_MAX)
def _advance(views: Views) -> bytes:
    return _ADVANCE % b"".join(_WRITTEN % (n, row_sql(view).upsert_if_moved) for n, view in enumerate(views))


@lru_cache(maxsize=_COMBINATIONS_MAX)
def _select(views: Views) -> bytes:
    return b" UNION ALL ".join(_FOUND % (n, row_sql(view).select) for n, view in enumerate(views))
