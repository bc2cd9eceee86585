"""Whether anything gets slower as the store grows: the same calls, in turns, on a small store and on a large one."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

import psycopg
from psycopg.conninfo import make_conninfo
from rich.table import Table

from interfaces import composition
from interfaces.runtime.settings import Settings
from projections.views import VIEWS
from tests.benchmarks.asked import SAMPLE, Store
from tests.benchmarks.bench import Bench, Report
from tests.benchmarks.filled_views import assert_filled_like_projected, fill_views
from tests.benchmarks.rounds import ratio, spread, take_turns
from tests.benchmarks.stores import MERCHANTS, TEMPLATES, fill

TARGET = 1.3
EVENTS_A_PAYMENT = 6.29
HOT, *OTHERS = MERCHANTS
TRAFFIC = (HOT,) * 3 * len(OTHERS) + tuple(OTHERS)
"""Of four payments, three are one merchant's."""
PAYMENTS_A_CUSTOMER = 100
"""About: a larger store has more customers, not larger ones."""
SMALL, LARGE = "small", "large"


class Size(NamedTuple):
    small: int
    large: int
    rounds: int
    calls: int
    """Of each query in each round."""


FULL = Size(small=100_000, large=3_000_000, rounds=9, calls=40)
QUICK = Size(small=50_000, large=250_000, rounds=4, calls=32)

_SIZES = "SELECT pg_size_pretty(pg_database_size(current_database()))"
NAMES = ("append", "append_16", *[name for name in Store("").queries if name != "append"])


def run(bench: Bench) -> Report:
    size = QUICK if bench.quick else FULL
    with bench.postgres() as server:
        urls = {LARGE: server.superuser_url, SMALL: make_conninfo(server.superuser_url, dbname=SMALL)}
        with psycopg.connect(server.superuser_url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE small")
        composition.migrate_all(Settings(database_url=urls[SMALL], nats_url=""))
        counted = {
            SMALL: _fill(bench, urls[SMALL], size.small),
            LARGE: _fill(bench, urls[LARGE], size.large),
        }
        with psycopg.connect(server.superuser_url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
        bench.say("measuring")
        measured = _measured(urls, size)
        sizes = {name: _size(url) for name, url in urls.items()}
    ratios = {name: ratio(measured[f"{name} {LARGE}"], measured[f"{name} {SMALL}"]) for name in NAMES}
    title = ", ".join(f"{name}: {counted[name]:,} events, {sizes[name]}" for name in (SMALL, LARGE))
    slow = [name for name, grown in ratios.items() if grown > TARGET]
    return Report(
        _table(measured, ratios, title),
        {"worst_ratio": max(ratios.values()), **ratios},
        notes=(
            f"p50 of {size.calls} calls a round, {size.rounds} rounds, on random keys of {SAMPLE:,}, in turns. Both "
            "stores are in the system's cache, a part of them in shared_buffers.",
            f"Target: each at most {TARGET}× on the large store. Missed: {', '.join(slow) or 'none'}.",
        ),
    )


def _fill(bench: Bench, url: str, events: int) -> int:
    started = time.perf_counter()
    payments = round(events / EVENTS_A_PAYMENT)
    filled = fill(url, payments=payments, merchants=TRAFFIC, count=max(TEMPLATES, payments // PAYMENTS_A_CUSTOMER))
    bench.say(f"{filled:,} events after {time.perf_counter() - started:.0f} s")
    fill_views(url)
    assert_filled_like_projected(url)
    bench.say(f"and in {len(VIEWS)} views after {time.perf_counter() - started:.0f} s")
    return filled


def _measured(urls: Mapping[str, str], size: Size) -> dict[str, list[float]]:
    """What take_turns gives, by query and side."""
    with asyncio.Runner() as runner:
        opened = AsyncExitStack()
        stores = {name: runner.run(opened.enter_async_context(Store(url))) for name, url in urls.items()}

        def part(query: str, store: Store) -> Callable[[], float]:
            return lambda: runner.run(store.p50_ms(query, size.calls))

        try:
            parts = {f"{query} {name}": part(query, store) for query in NAMES for name, store in stores.items()}
            take_turns(parts, rounds=1)  # Warm-up: statements are prepared, caches as full as they get.
            return take_turns(parts, rounds=size.rounds)
        finally:
            runner.run(opened.aclose())


def _size(url: str) -> str:
    with psycopg.connect(url) as connection:
        [(size,)] = connection.execute(_SIZES).fetchall()
    return str(size)


def _table(measured: Mapping[str, list[float]], ratios: Mapping[str, float], title: str) -> Table:
    table = Table(title=title)
    table.add_column("p50, ms")
    for heading in (SMALL, LARGE, "ratio"):
        table.add_column(heading, justify="right")
    for name, grown in ratios.items():
        cells = [f"{of.median:.2f}  ({of.least:.2f} to {of.most:.2f})" for of in _sides(measured, name)]
        table.add_row(name, *cells, f"{grown:.2f}")
    return table


def _sides(measured: Mapping[str, list[float]], name: str) -> Iterator[Any]:
    return (spread(measured[f"{name} {side}"]) for side in (SMALL, LARGE))
