"""`rebuild`: events a second into all views from an existing store, beside bare upserts of the rows it ends with, and
how many rows an event leaves."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import psycopg
from msgspec.structs import astuple
from psycopg.sql import SQL, Composed, Identifier
from psycopg.types.json import Jsonb
from rich.table import Table

from projections.engine.connection import REBUILD_SCHEMA, connect
from projections.engine.rebuild import rebuild
from projections.engine.tables import all_rows
from projections.engine.view import View
from projections.views import VIEWS
from tests.benchmarks.bench import Bench, Report
from tests.benchmarks.rounds import ratio, spread, take_turns
from tests.benchmarks.stores import fill
from tests.support.store import open_store

PAYMENTS, PAYMENTS_QUICK = 20_000, 10_000
ROUNDS, ROUNDS_QUICK = 3, 1
BARE_ROWS = 500
TARGET_PER_S, MOONSHOT_VS_BARE = 20_000, 0.5

_UPSERT = """
INSERT INTO {table} SELECT {columns} FROM unnest({arrays}) AS t ({names})
ON CONFLICT ({key}) DO UPDATE SET {changes}
"""

Arrays = dict[str, list[list[list[Any]]]]


def run(bench: Bench) -> Report:
    with bench.postgres() as server:
        bench.say("filling the store")
        events = fill(server.superuser_url, payments=PAYMENTS_QUICK if bench.quick else PAYMENTS)
        all_views(server.superuser_url)
        arrays = asyncio.run(final_rows(server.superuser_url))
        rows = {name: sum(len(batch[0]) for batch in batches) for name, batches in arrays.items()}
        bench.say(f"{events:,} events, {sum(rows.values()):,} rows")
        parts: dict[str, Callable[[], float]] = {
            "rebuild": lambda: events / all_views(server.superuser_url),
            "bare upserts": lambda: events / bare(server.superuser_url, arrays),
        }
        measured = take_turns(parts, rounds=ROUNDS_QUICK if bench.quick else ROUNDS)
    vs_bare = ratio(measured["rebuild"], measured["bare upserts"])
    table = Table("into all views", "events a second", "of bare", title=f"{events:,} events")
    for name, rates in measured.items():
        table.add_row(name, str(spread(rates)), f"{ratio(rates, measured['bare upserts']):.2f}")
    per_s = round(spread(measured["rebuild"]).median)
    notes = (
        f"target: {TARGET_PER_S:,} events a second, {'reached' if per_s >= TARGET_PER_S else 'missed'}; "
        f"moonshot: {MOONSHOT_VS_BARE} of bare, {'reached' if vs_bare >= MOONSHOT_VS_BARE else 'missed'}",
        f"bare: the rows that the views end up with, {BARE_ROWS} an upsert, into tables with all their indexes",
        "rows an event: " + ", ".join(f"{name} {of / events:.2f}" for name, of in rows.items() if of),
    )
    rows_per_event = round(sum(rows.values()) / events, 2)
    return Report(table, {"events_per_s": per_s, "vs_bare": vs_bare, "rows_per_event": rows_per_event}, notes)


def all_views(database_url: str) -> float:
    """Rebuild every view as `tallystick rebuild --all` does; the seconds it took."""

    async def work() -> float:
        async with open_store(database_url) as store:
            started = time.perf_counter()
            await rebuild(list(VIEWS.values()), store, lambda: connect(database_url, REBUILD_SCHEMA))
            return time.perf_counter() - started

    return asyncio.run(work())


async def final_rows(database_url: str) -> Arrays:
    """Every view's rows as arrays, ready to be sent."""
    async with await connect(database_url) as connection:
        return {name: _batches(view, list((await all_rows(connection, view)).values())) for name, view in VIEWS.items()}


def bare(database_url: str, arrays: Arrays) -> float:
    """Upsert those rows into empty tables; the seconds it took."""
    with psycopg.connect(database_url, autocommit=True, options="-c synchronous_commit=off") as connection:
        connection.execute("DROP SCHEMA IF EXISTS bare CASCADE; CREATE SCHEMA bare; SET search_path = bare, public")
        for view in VIEWS.values():
            connection.execute(view.ddl.encode() + view.indexes.encode())
        started = time.perf_counter()
        for name, view in VIEWS.items():
            upsert = _upsert(view)
            for batch in arrays[name]:
                connection.execute(upsert, batch, prepare=True)
        seconds = time.perf_counter() - started
        connection.execute("DROP SCHEMA bare CASCADE")
    return seconds


def _batches(view: View[Any], rows: Sequence[Any]) -> list[list[list[Any]]]:
    batches = [list(map(astuple, rows[start : start + BARE_ROWS])) for start in range(0, len(rows), BARE_ROWS)]
    return [
        [
            [_sent(type_, value) for value in values]
            for type_, values in zip(view.types, zip(*batch, strict=True), strict=True)
        ]
        for batch in batches
    ]


def _sent(type_: str, value: Any) -> Any:
    if type_ == "jsonb":
        return Jsonb(value, msgspec.json.encode)
    return _literal(value) if type_.endswith("[]") else value


def _literal(values: Sequence[Any]) -> str:
    """An array as text: unnest would take an array of arrays apart."""
    return "{" + ",".join("NULL" if value is None else f'"{value}"' for value in values) + "}"


def _upsert(view: View[Any]) -> Composed:
    names = view.row.__struct_fields__
    changes = [Identifier(name) for name in names if name not in view.key]
    return SQL(_UPSERT).format(
        table=Identifier(view.table),
        columns=SQL(", ").join(
            SQL("{}::{}").format(Identifier(name), SQL(type_)) for name, type_ in zip(names, view.types, strict=True)
        ),
        names=SQL(", ").join(map(Identifier, names)),
        arrays=SQL(", ").join(
            SQL("%b::{}[]").format(SQL("text" if type_.endswith("[]") else type_)) for type_ in view.types
        ),
        key=SQL(", ").join(map(Identifier, view.key)),
        changes=SQL(", ").join(SQL("{0} = excluded.{0}").format(name) for name in changes),
    )
