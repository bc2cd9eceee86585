"""`fallback`: payments while the preferred one of three providers is down: how many come to an end, and what it costs.

The preferred provider is killed in the middle: nothing listens there any more. Every payment that another provider can
take has to end authorised (here: captured) within its own request. Then it comes back, and payments find it again. At
last it hangs, which is worse: what it was asked before its circuit opened may be charged, and no other provider may
take that.
"""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
from rich.table import Table

from interfaces.composition import ChildProcess
from interfaces.runtime.supervisor import Stack, wait_until_listening
from tests.benchmarks.bench import Bench, Report
from tests.benchmarks.market import PROVIDER_S, Market, Sold, market
from tests.benchmarks.processes import family
from tests.benchmarks.rounds import percentile

PROVIDERS = ("north", "south", "west")
RATE = 100
AVAILABILITY_MIN = 0.999
OUTSIDE_MS_P95_MAX = 20.0
_BY_PROVIDER = """
SELECT payment -> 'authorization' ->> 'provider', count(*) FROM views.payment_status
WHERE position > %s AND payment ? 'authorization' GROUP BY 1 ORDER BY 1
"""
_HEAD = "SELECT max(notification_id) FROM stored_events"


def run(bench: Bench) -> Report:
    seconds = 5.0 if bench.quick else 30.0
    table = Table(
        title=f"{RATE} payments a second, the provider takes {PROVIDER_S * 1000:.0f} ms", title_justify="left"
    )
    for name in ("providers", "payments", "captured", "availability", "outside p50 ms", "p95 ms", "p99 ms", "taken by"):
        table.add_column(name, justify="right")
    with market(bench, simulators=PROVIDERS) as shops:
        stack = shops.stack
        preferred = stack.simulators[PROVIDERS[0]]
        bench.say("fallback: all up …")
        _measure(shops, table, "all up", seconds)
        bench.say("fallback: the preferred one is killed …")
        preferred.kill()
        down = _measure(shops, table, "preferred down", seconds)
        preferred.start()
        wait_until_listening(preferred, stack.simulator_port(PROVIDERS[0]))
        bench.say("fallback: and started again …")
        _measure(shops, table, "back again", seconds)
        bench.say("fallback: and hangs …")
        with hanging(preferred):
            _measure(shops, table, "preferred hangs", seconds, settles=False)
    availability, outside_ms_p95 = _availability(down), percentile(_outside_ms(down), 95)
    notes = []
    if availability < AVAILABILITY_MIN:
        notes.append(f"Missed: availability {availability:.4%}, wanted {AVAILABILITY_MIN:.1%}.")
    if outside_ms_p95 > OUTSIDE_MS_P95_MAX:
        notes.append(
            f"Missed: {outside_ms_p95:.1f} ms outside providers at the 95th percentile, "
            f"wanted {OUTSIDE_MS_P95_MAX:.0f}."
        )
    figures = {"availability": round(availability, 5), "outside_provider_ms_p95": round(outside_ms_p95, 1)}
    return Report(table, figures, tuple(notes))


@contextmanager
def hanging(process: ChildProcess) -> Iterator[None]:
    """It takes connections, and answers nobody."""
    pids = family(process.pid)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _measure(shops: Market, table: Table, name: str, seconds: float, *, settles: bool = True) -> Sold:
    before = _head(shops.stack)
    sold = shops.sell(RATE, seconds, token="tok_slow", settles=settles)
    outside_ms = _outside_ms(sold)
    table.add_row(
        name,
        str(sum(sold.loaded.statuses.values())),
        str(len(sold.loaded.latencies_ms)),
        f"{_availability(sold):.3%}",
        *(f"{percentile(outside_ms, percent):.1f}" for percent in (50, 95, 99)),
        ", ".join(f"{provider} {count}" for provider, count in _by_provider(shops.stack, before)),
    )
    return sold


def _availability(sold: Sold) -> float:
    return len(sold.loaded.latencies_ms) / sum(sold.loaded.statuses.values())


def _outside_ms(sold: Sold) -> list[float]:
    """What each payment took beyond its provider's own time: attempts that never left included."""
    return [latency_ms - PROVIDER_S * 1000 for latency_ms in sold.loaded.latencies_ms]


def _head(stack: Stack) -> int:
    with psycopg.connect(stack.settings.database_url) as connection:
        [(head,)] = connection.execute(_HEAD).fetchall()
        return int(head)


def _by_provider(stack: Stack, after: int) -> Sequence[tuple[str, int]]:
    with psycopg.connect(stack.settings.database_url) as connection:
        return connection.execute(_BY_PROVIDER, (after,)).fetchall()
