"""`pay`: whole payments over HTTP at rising rates, until the system cannot keep up, and what each costs the processors.

A payment is created with `confirm` and captured automatically, through the simulator in a process of its own. Arrivals
do not wait for answers. The system keeps up with a rate when every payment of it was captured, and the books and every
view were complete within DRAINED_S_MAX of the last answer; it sustains the rate when 99 of 100 were answered within
LATENCY_P99_MS_MAX as well. The load generator and the simulator use the same two cores: the table states their share.
The toy, a bare payment on the same libraries, rises in turns with it, and with BASE another commit of the project.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from rich.table import Table

from tests.benchmarks.base import checked_out
from tests.benchmarks.bench import Bench, Report
from tests.benchmarks.market import PROVIDER_S, WARM_UP, Sold, market
from tests.benchmarks.rounds import percentile
from tests.benchmarks.systems import System, project, sell, toy

LATENCY_P99_MS_MAX = 100.0
DRAINED_S_MAX = 1.0
RATES = (200, 300, 400, 500, 600, 700, 800, 900, 1000, 1100, 1300, 1500)
QUICK_RATES = (150, 300, 450, 600, 750, 900, 1050, 1200)
TRIES = 2
"""A machine that others use has slow moments: a rate that was missed is tried again, and the table shows every try."""
OUTSIDE_RATE = 200
OWN, TOY, BASE = "own", "toy", "base"
PARTS = ("api", "worker", "postgres", "nats", "simulator", "load")
VS_TOY_TARGET, VS_TOY_MOONSHOT = 0.6, 0.8

Sell = Callable[[float, float], Sold]
"""Payments a second, for how many seconds."""


def run(bench: Bench) -> Report:
    seconds = 3.0 if bench.quick else 20.0
    table = _table()
    with market(bench) as shops, _rivals(bench) as rivals:
        outside = shops.sell(OUTSIDE_RATE, seconds, token="tok_slow")
        _add_row(table, OWN, outside)
        sold = _rise(bench, {OWN: shops.sell, **rivals}, seconds, table)
    sustained = {name: max(map(_rate, filter(_is_sustained, tries)), default=0.0) for name, tries in sold.items()}
    kept_up_with = max(map(_rate, filter(_is_kept_up_with, sold[OWN])), default=0.0)
    outside_ms = [latency_ms - PROVIDER_S * 1000 for latency_ms in outside.loaded.latencies_ms]
    best = [each for each in sold[OWN] if _is_sustained(each) and _rate(each) == sustained[OWN]]
    latencies_ms = best[0].loaded.latencies_ms if best else [math.nan]
    figures: dict[str, float | None] = {
        "sustained_per_s": sustained[OWN],
        **{f"sustained_vs_{name}": _ratio(sustained[OWN], sustained[name]) for name in rivals},
        **{f"{name}_sustained_per_s": sustained[name] for name in rivals},
        "p50_ms": round(percentile(latencies_ms, 50), 1),
        "p99_ms": round(percentile(latencies_ms, 99), 1),
        "outside_provider_ms_p50": round(percentile(outside_ms, 50), 1),
        "outside_provider_ms_p99": round(percentile(outside_ms, 99), 1),
        "kept_up_with_per_s": kept_up_with,
    }
    vs_toy = figures[f"sustained_vs_{TOY}"]
    notes = (
        f"The first row's provider takes {PROVIDER_S * 1000:.0f} ms to answer: what a payment takes beyond that is "
        "counted as outside the provider, the simulator's own work included.",
        f"sustained_vs_toy {vs_toy}: target {VS_TOY_TARGET}, moonshot {VS_TOY_MOONSHOT}"
        + ("" if vs_toy is not None and vs_toy >= VS_TOY_TARGET else ", MISSED"),
    )
    return Report(table, figures, notes)


@contextmanager
def _rivals(bench: Bench) -> Iterator[Mapping[str, Sell]]:
    """The toy, and another commit of the project where one is given; each is warmed up. Raises CannotRun."""
    with ExitStack() as stack:
        systems = {TOY: stack.enter_context(toy(bench))}
        if bench.base:
            folder = stack.enter_context(checked_out(bench))
            systems[BASE] = stack.enter_context(project(bench, folder, folder / ".venv/bin/python"))
        for system in systems.values():
            sell(system, *WARM_UP)
        yield {name: _seller(system) for name, system in systems.items()}


def _seller(system: System) -> Sell:
    def sold(rate: float, seconds: float) -> Sold:
        turn = sell(system, rate, seconds)
        return Sold(turn.load, turn.loaded, turn.drained_s, turn.cpu_s)

    return sold


def _ratio(sustained: float, beside: float) -> float | None:
    return round(sustained / beside, 2) if beside else None


def _rise(bench: Bench, sellers: Mapping[str, Sell], seconds: float, table: Table) -> dict[str, list[Sold]]:
    """Every try of every rate, up to the first one that a system does not keep up with; the systems take turns."""
    tries: dict[str, list[Sold]] = {name: [] for name in sellers}
    rising = list(sellers)
    for rate in QUICK_RATES if bench.quick else RATES:
        for name in tuple(rising):
            for _ in range(1 if bench.quick else TRIES):
                bench.say(f"pay: {name}, {rate} payments a second for {seconds:.0f} s …")
                tries[name].append(sellers[name](rate, seconds))
                _add_row(table, name, tries[name][-1])
                if _is_sustained(tries[name][-1]):
                    break
            if not _is_kept_up_with(tries[name][-1]):
                rising.remove(name)
    return tries


def _is_kept_up_with(sold: Sold) -> bool:
    all_captured = len(sold.loaded.latencies_ms) == sum(sold.loaded.statuses.values())
    return all_captured and sold.drained_s <= DRAINED_S_MAX


def _is_sustained(sold: Sold) -> bool:
    return _is_kept_up_with(sold) and percentile(sold.loaded.latencies_ms, 99) <= LATENCY_P99_MS_MAX


def _rate(sold: Sold) -> float:
    return sold.load.rate


def _table() -> Table:
    table = Table(title="Payments a second, and CPU milliseconds a payment by process", title_justify="left", padding=0)
    for name in ("", "offered", "captured", "refused", "p50 ms", "p99 ms", "drained s"):
        table.add_column(name, justify="right")
    for name in (*PARTS, "cores"):
        table.add_column(name, justify="right")
    return table


def _add_row(table: Table, name: str, sold: Sold) -> None:
    latencies_ms = sold.loaded.latencies_ms or [float("nan")]
    captured = len(sold.loaded.latencies_ms)
    cores = sum(sold.cpu_s.values()) / (sold.loaded.seconds + sold.drained_s)
    ms = {part: f"{used_s * 1000 / max(1, captured):.2f}" for part, used_s in sold.cpu_s.items()}
    table.add_row(
        name,
        f"{sold.load.rate:.0f}/s",
        f"{sold.loaded.captured_per_s:.0f}/s",
        str(sum(sold.loaded.statuses.values()) - captured),
        f"{percentile(latencies_ms, 50):.1f}",
        f"{percentile(latencies_ms, 99):.1f}",
        f"{sold.drained_s:.2f}",
        *(ms.get(part, "–") for part in PARTS),
        f"{cores:.2f}",
    )
