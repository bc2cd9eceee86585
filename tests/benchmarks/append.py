"""256 commands in flight through our writer, beside the library's stock recorder and what writes nothing but events.

Every turn begins with tables made anew, that hold some events already, and a checkpoint. Our writer gets `Append`
objects and encodes them on the clock; the others get events encoded beforehand.
"""

import asyncio
import gc
import time
from collections.abc import Callable, Sequence
from functools import partial

import psycopg
import uvloop
from rich.table import Table

from application.write.store import Append, Appended
from infrastructure.embedded.postgres import EmbeddedPostgres
from infrastructure.postgres.event_store.committer import Committer
from infrastructure.postgres.event_store.mapper import EventMapper
from infrastructure.postgres.migrate import migrate
from tests.benchmarks import append_commands as commands
from tests.benchmarks import append_rivals as rivals
from tests.benchmarks.bench import Bench, Report
from tests.benchmarks.rounds import ratio, spread, take_turns

IN_FLIGHT = 256
HELD_ALREADY = 20_000
"""Events that each turn's table begins with."""
HOLD = f"""
INSERT INTO stored_events (originator_id, originator_version, topic, state)
SELECT uuidv7(), 1, 'payment.review_approved.v1', convert_to(repeat('x', 300), 'UTF8')
FROM generate_series(1, {HELD_ALREADY})
"""
TARGETS = {"vs_stock": (12, 20), "full_vs_stock": (6, 12), "vs_bare": (0.5, 0.8)}

OURS, FULL, STOCK, BARE, COPY = "ours, plain", "ours, claim and entry", "stock recorder", "array insert", "binary COPY"


def run(bench: Bench) -> Report:
    rounds, seconds = (3, 0.5) if bench.quick else (7, 1.3)
    with bench.postgres() as server:
        bench.say(f"{rounds} rounds of five parts, about {seconds} s each")
        # As many commands as take each part about as long, on the machine that this was written on.
        plain, full = (commands.plain(int(30_000 * seconds)), commands.full(int(12_000 * seconds)))
        of_stock = rivals.encoded(commands.plain(int(800 * seconds)))
        in_bulk = rivals.encoded(commands.plain(int(40_000 * seconds)))
        measured = take_turns(
            {
                OURS: partial(_turn, server, partial(_through_the_writer, plain)),
                FULL: partial(_turn, server, partial(_through_the_writer, full, before=commands.OPENING)),
                STOCK: partial(_turn, server, partial(rivals.by_the_stock_recorder, of_stock)),
                BARE: partial(_turn, server, partial(rivals.by_array_insert, in_bulk)),
                COPY: partial(_turn, server, partial(rivals.by_copy, in_bulk)),
            },
            rounds=rounds,
        )
    figures = {
        "vs_stock": ratio(measured[OURS], measured[STOCK]),
        "full_vs_stock": ratio(measured[FULL], measured[STOCK]),
        "vs_bare": ratio(measured[OURS], measured[BARE]),
        "vs_copy": ratio(measured[OURS], measured[COPY]),
        "events_per_s": round(2 * spread(measured[OURS]).median),
    }
    sizes = [len(event.state) for command in rivals.encoded(plain[:1000]) for event in command]
    return Report(
        _table(measured),
        figures,
        (
            f"events of {min(sizes)} to {max(sizes)} bytes; {IN_FLIGHT} commands in flight; "
            f"{rivals.THREADS} threads in the stock recorder; {rivals.BATCH_EVENTS} events a bare batch",
            *(
                f"{name} {figures[name]}: target {target}, moonshot {moonshot}"
                + ("" if figures[name] >= target else ", MISSED")
                for name, (target, moonshot) in TARGETS.items()
            ),
        ),
    )


def _through_the_writer(appends: Sequence[Append], database_url: str, *, before: Sequence[Append] = ()) -> float:
    """Commands a second. Under uvloop, as the API runs."""

    async def append_all() -> float:
        committer = Committer(database_url, EventMapper())
        committer.start()
        try:
            await _keep_in_flight(committer, [*before, *commands.plain(IN_FLIGHT)])
            started = time.perf_counter()
            await _keep_in_flight(committer, appends)
            return len(appends) / (time.perf_counter() - started)
        finally:
            await committer.aclose()

    return uvloop.run(append_all())


async def _keep_in_flight(committer: Committer, appends: Sequence[Append]) -> None:
    waiting = iter(appends)

    async def one_after_another() -> None:
        for append in waiting:
            result = await committer.append(append)
            assert isinstance(result, Appended), result

    await asyncio.gather(*(one_after_another() for _ in range(IN_FLIGHT)))


def _turn(server: EmbeddedPostgres, write: Callable[[str], float]) -> float:
    _make_anew(server.superuser_url)
    # What was made beforehand is nobody's garbage to look through.
    gc.collect()
    gc.freeze()
    try:
        return write(server.superuser_url)
    finally:
        gc.unfreeze()


def _make_anew(database_url: str) -> None:
    """The store as migrated, with the events that every turn begins with, all of it on the disk."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS public, views CASCADE")
        connection.execute("CREATE SCHEMA public")
        migrate(database_url)
        connection.execute(HOLD)
        connection.execute("VACUUM (FREEZE, ANALYZE)")
        connection.execute("CHECKPOINT")


def _table(measured: dict[str, list[float]]) -> Table:
    table = Table("", "commands a second", "events a second", "× stock", "× array insert")
    for name, values in measured.items():
        events = 3 if name == FULL else 2
        table.add_row(
            name,
            str(spread(values)),
            str(spread([events * value for value in values])),
            f"{ratio(values, measured[STOCK]):.2f}",
            f"{ratio(values, measured[BARE]):.2f}",
        )
    return table
