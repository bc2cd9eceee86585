"""The statements that read and write a view's rows, made once a view from its columns, with rows as JSON or by COPY."""

from collections.abc import Collection, Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct
from psycopg.sql import SQL, Composed, Identifier
from psycopg.types.json import Jsonb

from projections.engine.view import Key, Row, View

_SELECT = """
SELECT to_jsonb(t)::text FROM {table} AS t
JOIN jsonb_to_recordset(%s::jsonb) AS k ({typed_key}) USING ({key})
"""
_SELECT_ALL = "SELECT to_jsonb(t)::text FROM {table} AS t"
_UPSERT = """
INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb) WHERE {guard}
ON CONFLICT ({key}) DO UPDATE SET {changes}
"""
_COPY = "COPY {table} ({columns}) FROM STDIN (FORMAT binary)"


class RowSql(NamedTuple):
    """The statements of one view, for the first schema in the connection's search path."""

    select: bytes
    select_all: bytes
    upsert: bytes
    upsert_if_moved: bytes
    """For a statement whose CTE `moved` has a row if the checkpoint stood where its projector left it."""
    copy: bytes


@cache
def row_sql(view: View[Any]) -> RowSql:
    names = view.row.__struct_fields__
    types = dict(zip(names, view.types, strict=True))

    def listed(of: Collection[str]) -> Composed:
        return SQL(", ").join(Identifier(name) for name in of)

    changes = [name for name in names if name not in view.key]
    parts = {
        "table": Identifier(view.table),
        "columns": listed(names),
        "key": listed(view.key),
        "typed_key": SQL(", ").join(SQL("{} {}").format(Identifier(name), SQL(types[name])) for name in view.key),
        "changes": SQL(", ").join(SQL("{0} = excluded.{0}").format(Identifier(name)) for name in changes),
    }
    return RowSql(
        select=SQL(_SELECT).format(**parts).as_bytes(),
        select_all=SQL(_SELECT_ALL).format(**parts).as_bytes(),
        upsert=SQL(_UPSERT).format(**parts, guard=SQL("true")).as_bytes(),
        upsert_if_moved=SQL(_UPSERT).format(**parts, guard=SQL("EXISTS (SELECT FROM moved)")).as_bytes(),
        copy=SQL(_COPY).format(**parts).as_bytes(),
    )


def rows_json(rows: Iterable[Struct]) -> str:
    """The rows as the parameter of `upsert` and `advance`."""
    return _encode(list(rows)).decode()


def keys_json(view: View[Any], keys: Iterable[Key]) -> str:
    """The keys as the parameter of `select`."""
    return _encode([dict(zip(view.key, key, strict=True)) for key in keys]).decode()


def decoded(view: View[Row], text: str) -> Row:
    """The row of a JSON text that `select` returns."""
    row: Row = _decoder(view).decode(text)
    return row


_encode = msgspec.json.Encoder().encode


@cache
def _decoder(view: View[Any]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(view.row)


def copied(view: View[Row], rows: Iterable[Row]) -> Iterator[list[Any]]:
    """Each row as the values that COPY takes."""
    jsons = [number for number, type_ in enumerate(view.types) if type_ == "jsonb"]
    arrays = [number for number, type_ in enumerate(view.types) if type_.endswith("[]")]
    for row in rows:
        values = list(msgspec.structs.astuple(row))
        for number in jsons:
            values[number] = Jsonb(values[number], _encode)
        for number in arrays:
            values[number] = list(values[number])
        yield values
