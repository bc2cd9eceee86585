"""A view's rows for its only writer: those used last are at hand, the others are in the table."""

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Any, Generic

import psycopg

from domain.history import Positioned
from projections.engine.row_sql import decoded, keys_json, row_sql, rows_json
from projections.engine.view import Key, Row, Touches, View, fold_touches, touches

Connection = psycopg.AsyncConnection[Any]

ROWS_AT_HAND_MAX = 4_000
"""Some seconds' worth: what comes later is mostly of other rows, and a row is a kilobyte or more."""


class Rows(Generic[Row]):
    """Whoever uses it is the only one to write the table. It must `forget` whatever was not written after all."""

    def __init__(self, connection: Connection, view: View[Row], *, at_hand_max: int = ROWS_AT_HAND_MAX) -> None:
        self._connection = connection
        self._view = view
        self._at_hand_max = at_hand_max
        self._at_hand: dict[Key, Row] = {}

    async def changed_by(self, events: Sequence[Positioned]) -> dict[Key, Row]:
        """The rows that `events` change, after them."""
        touched = touches(self._view, events)
        await self.load(touched)
        return self.fold(touched)

    async def load(self, touched: Touches) -> None:
        """Have at hand those of the rows touched that are in the table."""
        if missing := {key for key, _ in touched if key not in self._at_hand}:
            statement, keys = row_sql(self._view).select, keys_json(self._view, missing)
            # Planned every time: a plan made while the table was small would read all of it when it is large.
            cursor = await self._connection.execute(statement, (keys,), prepare=False)
            for (text,) in await cursor.fetchall():
                row = decoded(self._view, text)
                self._at_hand[self._view.key_of(row)] = row

    def fold(self, touched: Touches) -> dict[Key, Row]:
        return fold_touches(self._view, self._at_hand, touched)

    def is_known(self, key: Key) -> bool:
        return key in self._at_hand

    def keep(self, changed: Mapping[Key, Row]) -> None:
        """These are written, or will be before anything else is read."""
        at_hand = self._at_hand
        for key, row in changed.items():
            at_hand.pop(key, None)  # To the end: what was used last is dropped last.
            at_hand[key] = row
        surplus = len(at_hand) - max(self._at_hand_max, len(changed))
        if surplus > 0:
            for key in list(islice(at_hand, surplus)):
                del at_hand[key]

    def forget(self) -> None:
        self._at_hand.clear()

    async def upsert(self, rows: Collection[Row]) -> None:
        """Write rows whose keys may be in the table."""
        await self._connection.execute(row_sql(self._view).upsert, (rows_json(rows),), prepare=True)
