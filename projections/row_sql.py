"""The statements that every view's rows travel by, made once for each from its columns: arrays in, JSON out."""

from collections.abc import Collection
from functools import cache
from typing import Any, NamedTuple

import msgspec
from psycopg.sql import SQL, Composed, Identifier
from psycopg.types.json import Jsonb

from projections.view import Key, Row, View

_SELECT = """
SELECT to_jsonb(t)::text FROM {table} AS t JOIN unnest({key_arrays}) AS k ({key}) USING ({key})
"""
_SELECT_ALL = "SELECT to_jsonb(t)::text FROM {table} AS t"
_UPSERT = """
INSERT INTO {table} ({columns}) SELECT {columns} FROM unnest({arrays}) AS r ({columns}) WHERE {guard}
ON CONFLICT ({key}) DO UPDATE SET {changes}
"""
# One statement, and so one transaction and one round trip. Nothing is written when the view is not where its
# projector left it: another one has moved it, or a rebuild has put another table in its place.
_ADVANCE = """
WITH moved AS (
    UPDATE views.projection_checkpoint SET position = %b, updated_at = clock_timestamp(), failure = NULL
    WHERE projection = %b AND position = %b AND version = %b
    RETURNING position
), written AS ({upsert})
SELECT count(*) FROM moved
"""
_COPY = "COPY {table} ({columns}) FROM STDIN (FORMAT binary)"


class RowSql(NamedTuple):
    """Of one view, in whatever schema comes first in the connection's search path."""

    select: Composed
    select_all: Composed
    upsert: Composed
    advance: Composed
    copy: Composed


@cache
def row_sql(view: View[Any]) -> RowSql:
    names = view.row.__struct_fields__
    types = dict(zip(names, view.types, strict=True))

    def listed(of: Collection[str]) -> Composed:
        return SQL(", ").join(Identifier(name) for name in of)

    def arrays(of: Collection[str]) -> Composed:
        return SQL(", ").join(SQL("%b::{}[]").format(SQL(types[name])) for name in of)

    changes = [name for name in names if name not in view.key]
    parts = {
        "table": Identifier(view.table),
        "columns": listed(names),
        "arrays": arrays(names),
        "key": listed(view.key),
        "key_arrays": arrays(view.key),
        "changes": SQL(", ").join(SQL("{0} = excluded.{0}").format(Identifier(name)) for name in changes),
    }
    guarded = SQL(_UPSERT).format(**parts, guard=SQL("EXISTS (SELECT FROM moved)"))
    return RowSql(
        select=SQL(_SELECT).format(**parts),
        select_all=SQL(_SELECT_ALL).format(**parts),
        upsert=SQL(_UPSERT).format(**parts, guard=SQL("true")),
        advance=SQL(_ADVANCE).format(upsert=guarded),
        copy=SQL(_COPY).format(**parts),
    )


def arrays_of(view: View[Row], rows: Collection[Row]) -> list[list[Any]]:
    """`rows` as one array a column."""
    return [
        [Jsonb(value, _encode) for value in values] if type_ == "jsonb" else list(values)
        for type_, values in zip(view.types, zip(*map(msgspec.structs.astuple, rows), strict=True), strict=True)
    ]


def key_arrays(view: View[Row], keys: Collection[Key]) -> list[list[Any]]:
    """`keys` as one array a column of the key."""
    return [list(values) for values in zip(*keys, strict=True)]


def decoded(view: View[Row], text: str) -> Row:
    """A row as SELECT gives it."""
    row: Row = _decoder(view).decode(text)
    return row


_encode = msgspec.json.Encoder().encode


@cache
def _decoder(view: View[Any]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(view.row)


def copied(view: View[Row], row: Row) -> list[Any]:
    """A row as COPY takes it."""
    return [
        Jsonb(value, _encode) if type_ == "jsonb" else value
        for type_, value in zip(view.types, msgspec.structs.astuple(row), strict=True)
    ]
