"""`lag`: from the commit of an event until every view shows it, by way of the relay and NATS, while payments come in.

One observer asks Postgres again and again how far the store and the views are. An event was committed, at the earliest,
at the last look that did not see it, and is visible at the first look at which every view has taken it in.
"""

import threading
import time
from typing import NamedTuple

import psycopg
from rich.table import Table

from projections.views import VIEWS
from tests.benchmarks.bench import Bench, Report
from tests.benchmarks.market import market
from tests.benchmarks.rounds import percentile

RATE = 300
LOOK_EVERY_S = 0.003
_LOOK = """
SELECT (SELECT max(notification_id) FROM stored_events), projection, position
FROM views.projection_checkpoint WHERE projection = ANY (%s)
"""


class Look(NamedTuple):
    at: float
    head: int
    views: dict[str, int]


def run(bench: Bench) -> Report:
    seconds = 8.0 if bench.quick else 20.0
    with market(bench) as shops, psycopg.connect(shops.stack.settings.database_url, autocommit=True) as connection:
        looks: list[Look] = []
        done = threading.Event()
        observer = threading.Thread(target=_observe, args=(connection, looks, done))
        observer.start()
        try:
            sold = shops.sell(RATE, seconds)
        finally:
            done.set()
            observer.join()
    table = Table("view", "events", "p50 ms", "p90 ms", "p99 ms", "worst ms", title_justify="left")
    table.title = f"From commit to view at {sold.loaded.captured_per_s:.0f} payments a second"
    everywhere: list[float] = []
    for view in (*VIEWS, "all of them"):
        lags_ms = _lags_ms(looks, [view] if view in VIEWS else list(VIEWS))
        everywhere = lags_ms
        shown = [f"{percentile(lags_ms, percent):.0f}" for percent in (50, 90, 99, 100)]
        table.add_row(view, f"{len(lags_ms):,}", *shown)
    figures = {"p50_ms": round(percentile(everywhere, 50), 1), "p99_ms": round(percentile(everywhere, 99), 1)}
    return Report(table, figures)


def _observe(connection: psycopg.Connection[tuple[int, str, int]], looks: list[Look], done: threading.Event) -> None:
    while not done.wait(LOOK_EVERY_S):
        rows = connection.execute(_LOOK, (list(VIEWS),)).fetchall()
        looks.append(Look(time.perf_counter(), rows[0][0] or 0, {view: position for _, view, position in rows}))


def _lags_ms(looks: list[Look], views: list[str]) -> list[float]:
    """One lag for each event committed while it was looked; those that no view showed by the end are left out, and
    there are none, because the load waits for the views."""
    lags_ms: list[float] = []
    shown = 0
    for number in range(1, len(looks)):
        before, look = looks[number - 1], looks[number]
        shown = max(shown, number)
        while shown < len(looks) and min(looks[shown].views[view] for view in views) < look.head:
            shown += 1
        if shown == len(looks):
            break
        lags_ms += [(looks[shown].at - before.at) * 1000] * (look.head - before.head)
    return lags_ms
