"""`tallystick ledger verify`, as its user waits for it: every journal entry folded again, the balances compared."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable

import psycopg
from rich.table import Table

from domain.event import name_of
from domain.ledger.entry import JournalEntryPosted
from infrastructure.postgres.event_store.journal import FETCH_ENTRIES_MAX
from interfaces.runtime.settings import VARIABLES
from tests.benchmarks.bench import Bench, Report
from tests.benchmarks.rounds import Spread, spread, take_turns
from tests.benchmarks.stores import fill

TARGET_S = 20
ENTRIES = 1_000_000
ENTRIES_QUICK = 100_000
PAYMENTS_AN_ENTRY = 0.535
"""A little more than the mix of payments needs, so that there are not fewer entries than is said."""
ROUNDS = 3

_SELECT_ENTRIES = "SELECT state FROM stored_events WHERE topic = %s ORDER BY notification_id"


def run(bench: Bench) -> Report:
    wanted = ENTRIES_QUICK if bench.quick else ENTRIES
    with bench.postgres() as server:
        bench.say("filling the store")
        events = fill(server.superuser_url, payments=round(wanted * PAYMENTS_AN_ENTRY))
        entries = 0

        def verify() -> float:
            nonlocal entries
            entries, seconds = _verify(server.superuser_url)
            bench.say(f"verified {entries:,} entries in {seconds:.1f} s")
            return seconds

        parts: dict[str, Callable[[], float]] = {
            "tallystick ledger verify": verify,
            "only reading the entries, one process": lambda: _read(server.superuser_url),
        }
        measured = {name: spread(seconds) for name, seconds in take_turns(parts, rounds=ROUNDS).items()}
    return Report(
        _table(measured, entries, f"{entries:,} journal entries among {events:,} events, {ROUNDS} rounds"),
        {"entries": entries, "seconds": round(measured["tallystick ledger verify"].median, 2)},
        notes=(f"Target: {ENTRIES:,} entries in {TARGET_S} s, the command's own start included.",),
    )


def _verify(url: str) -> tuple[int, float]:
    """How many entries were folded, and the seconds it took; raises when the books do not balance."""
    environment = {**os.environ, VARIABLES["database_url"]: url, VARIABLES["nats_url"]: "nats://127.0.0.1:1"}
    command = [sys.executable, "-m", "interfaces.cli.main", "ledger", "verify"]
    started = time.perf_counter()
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=600).stdout
    seconds = time.perf_counter() - started
    counted = re.search(r"([\d,]+) journal entries", said)
    assert counted is not None, said
    assert said.endswith("The books balance.\n"), said
    return int(counted[1].replace(",", "")), seconds


def _read(url: str) -> float:
    started = time.perf_counter()
    with psycopg.connect(url) as connection, connection.cursor(name="entries", binary=True) as cursor:
        cursor.execute(_SELECT_ENTRIES, (name_of(JournalEntryPosted),))
        while cursor.fetchmany(FETCH_ENTRIES_MAX):
            pass
    return time.perf_counter() - started


def _table(measured: dict[str, Spread], entries: int, title: str) -> Table:
    table = Table(title=title)
    for heading in ("", "seconds", "entries a second"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, seconds in measured.items():
        took = f"{seconds.median:.1f}  ({seconds.least:.1f} to {seconds.most:.1f})"
        table.add_row(name, took, f"{entries / seconds.median:,.0f}")
    return table
