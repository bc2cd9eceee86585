"""A view's rows for its only writer: the rows used last are in memory, all others are read from the table."""

from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import Any, Generic

import psycopg

from projections.engine.row_sql import decoded, keys_json, row_sql, rows_json
from projections.engine.view import Key, Row, Touches, View, fold_touches

Connection = psycopg.AsyncConnection[Any]

ROWS_AT_HAND_MAX = 4_000
"""The rows of some seconds: later events mostly concern other rows, and a row takes a kilobyte or more."""


class Rows(Generic[Row]):
    """The rows of a table with one writer, which must call `forget` after a write that failed."""

    def __init__(self, connection: Connection, view: View[Row], *, at_hand_max: int = ROWS_AT_HAND_MAX) -> None:
        self._connection = connection
        self.view = view
        self._at_hand_max = at_hand_max
        self._at_hand: dict[Key, Row] = {}

    async def load(self, touched: Touches) -> None:
        """Read those of the touched rows into memory that are in the table."""
        if missing := self.missing(touched):
            statement, keys = row_sql(self.view).select, keys_json(self.view, missing)
            # Planned every time: a plan made for a small table would read the whole table once it is large.
            cursor = await self._connection.execute(statement, (keys,), prepare=False)
            self.found(text for (text,) in await cursor.fetchall())

    def missing(self, touched: Touches) -> set[Key]:
        """The keys of the touched rows that have to be read from the table."""
        return {key for key, _ in touched if key not in self._at_hand}

    def found(self, texts: Iterable[str]) -> None:
        """Keep rows in memory that a SELECT has found in the table."""
        for text in texts:
            row = decoded(self.view, text)
            self._at_hand[self.view.key_of(row)] = row

    def fold(self, touched: Touches) -> dict[Key, Row]:
        return fold_touches(self.view, self._at_hand, touched)

    def is_known(self, key: Key) -> bool:
        return key in self._at_hand

    def keep(self, changed: Mapping[Key, Row]) -> None:
        """Keep the rows in memory; they are written, or will be before another row is read."""
        at_hand = self._at_hand
        for key, row in changed.items():
            at_hand.pop(key, None)  # Moves the row to the end: the rows used last are dropped last.
            at_hand[key] = row
        surplus = len(at_hand) - max(self._at_hand_max, len(changed))
        if surplus > 0:
            for key in list(islice(at_hand, surplus)):
                del at_hand[key]

    def forget(self) -> None:
        self._at_hand.clear()

    async def upsert(self, rows: Collection[Row]) -> None:
        """Write rows whose keys may be in the table."""
        await self._connection.execute(row_sql(self.view).upsert, (rows_json(rows),), prepare=True)
