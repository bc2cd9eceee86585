"""The differences between a live view and its rebuilt table, read from one snapshot."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct
from psycopg.sql import SQL, Identifier

from projections.engine.connection import LIVE_SCHEMA, REBUILD_SCHEMA
from projections.engine.rows import Connection
from projections.engine.view import View

EXAMPLES_MAX = 5


_DIFFERENT = "{live} AS old FULL JOIN {fresh} AS new USING ({key}) WHERE old IS DISTINCT FROM new"
_COUNT = """
SELECT count(*) FILTER (WHERE new IS NULL), count(*) FILTER (WHERE old IS NULL), count(*)
FROM {different}
"""
_EXAMPLES = """
SELECT to_jsonb(old)::text, to_jsonb(new)::text FROM {different} ORDER BY {key} LIMIT %s
"""


class RowDifference(Struct, frozen=True):
    """One row's key, and the values (live, rebuilt) of each field that differs; `only_in` is `old` for a row of the
    live table alone, `new` for a row of the rebuilt table alone, else None."""

    key: tuple[Any, ...]
    fields: Mapping[str, tuple[Any, Any]]
    only_in: str | None


class Comparison(Struct, frozen=True, kw_only=True):
    """The numbers of rows in which a live view and its rebuilt table differ, both after the event at `position`."""

    position: int
    only_in_live: int
    only_in_rebuilt: int
    differing: int
    examples: tuple[RowDifference, ...]
    """The first differences by key, EXAMPLES_MAX at most."""

    @property
    def is_equal(self) -> bool:
        return not (self.only_in_live or self.only_in_rebuilt or self.differing)


async def compare(connection: Connection, view: View[Any], position: int) -> Comparison:
    """Compare the tables in the caller's snapshot, in which both stand at `position`."""
    key = SQL(", ").join(Identifier(name) for name in view.key)
    tables = {"live": Identifier(LIVE_SCHEMA, view.table), "fresh": Identifier(REBUILD_SCHEMA, view.table)}
    different = SQL(_DIFFERENT).format(**tables, key=key)
    cursor = await connection.execute(SQL(_COUNT).format(different=different))
    [(only_in_live, only_in_rebuilt, all_different)] = await cursor.fetchall()
    examples: list[RowDifference] = []
    if all_different:
        cursor = await connection.execute(SQL(_EXAMPLES).format(different=different, key=key), (EXAMPLES_MAX,))
        examples = [_difference(view, old, new) for old, new in await cursor.fetchall()]
    return Comparison(
        position=position,
        only_in_live=only_in_live,
        only_in_rebuilt=only_in_rebuilt,
        differing=all_different - only_in_live - only_in_rebuilt,
        examples=tuple(examples),
    )


def _difference(view: View[Any], old: str | None, new: str | None) -> RowDifference:
    live: dict[str, Any] = msgspec.json.decode(old) if old else {}
    rebuilt: dict[str, Any] = msgspec.json.decode(new) if new else {}
    row = live or rebuilt
    return RowDifference(
        tuple(row[name] for name in view.key),
        {name: (live.get(name), rebuilt.get(name)) for name in row if live and rebuilt and live[name] != rebuilt[name]},
        None if live and rebuilt else ("old" if live else "new"),
    )
