"""`cost`: what a payment costs the processors, ours beside the toy, in turns.

Counted is the processor time of the API, the worker, Postgres and NATS, each with all its processes, from before the
first payment until the system is at rest; the simulator and the load generator are shown apart. The toy is a bare
payment on the same libraries, so that the ratio says what our promises cost, on any machine. With BASE, another commit
of the project takes turns with the two.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from statistics import median

from rich.table import Table

from tests.benchmarks.base import checked_out
from tests.benchmarks.bench import Bench, Report
from tests.benchmarks.rounds import percentile, ratio
from tests.benchmarks.systems import COUNTED, System, Turn, project, sell, toy

OWN, TOY, BASE = "own", "toy", "base"
RATES = (200, 400)
WARM_UP_RATE, WARM_UP_S = 100, 2.0
TARGETS = {200: 2.0, 400: 1.8}
MOONSHOT = 1.4
PARTS = (*COUNTED, "simulator", "load")

Turns = Mapping[tuple[str, int], Sequence[Turn]]
"""The turns of each system at each rate."""


def run(bench: Bench) -> Report:
    rounds, seconds = (2, 4.0) if bench.quick else (5, 10.0)
    with _systems(bench) as systems:
        for name, system in systems.items():
            bench.say(f"cost: warming up {name} …")
            sell(system, WARM_UP_RATE, WARM_UP_S)
        turns = _in_turns(bench, systems, rounds, seconds)
    return Report(_table(turns), _figures(turns), _notes(bench, turns, rounds, seconds))


@contextmanager
def _systems(bench: Bench) -> Iterator[dict[str, System]]:
    with ExitStack() as stack:
        systems = {}
        if bench.base:
            folder = stack.enter_context(checked_out(bench))
            systems[BASE] = stack.enter_context(project(bench, folder, folder / ".venv/bin/python"))
        systems[OWN] = stack.enter_context(project(bench))
        systems[TOY] = stack.enter_context(toy(bench))
        yield systems


def _in_turns(bench: Bench, systems: Mapping[str, System], rounds: int, seconds: float) -> Turns:
    turns: dict[tuple[str, int], list[Turn]] = defaultdict(list)
    for number in range(rounds):
        for rate in RATES:
            ordered = list(systems.items())
            for name, system in ordered if number % 2 == 0 else reversed(ordered):
                bench.say(f"cost: round {number + 1} of {rounds}, {name} at {rate}/s for {seconds:.0f} s …")
                turns[name, rate].append(sell(system, rate, seconds))
    return turns


def _own_ms(turns: Sequence[Turn]) -> list[float]:
    return [turn.own_ms for turn in turns]


def _figures(turns: Turns) -> dict[str, object]:
    figures: dict[str, object] = {}
    names = [name for name in (OWN, BASE, TOY) if (name, RATES[0]) in turns]
    for name, other in ((OWN, TOY), (BASE, TOY), (OWN, BASE)):
        if {name, other} <= set(names):
            for rate in RATES:
                figures[f"{name}_vs_{other}_{rate}"] = ratio(_own_ms(turns[name, rate]), _own_ms(turns[other, rate]))
    for name in names[:-1]:
        for rate in RATES:
            figures[f"{name}_ms_{rate}"] = round(median(_own_ms(turns[name, rate])), 2)
    figures["by_process"] = {
        str(rate): {name: {part: round(ms, 3) for part, ms in _by_part(turns[name, rate]).items()} for name in names}
        for rate in RATES
    }
    return figures


def _by_part(turns: Sequence[Turn]) -> dict[str, float]:
    """The median of each part's milliseconds a payment."""
    return {part: median(turn.ms_by_part[part] for turn in turns) for part in PARTS if part in turns[0].cpu_s}


def _table(turns: Turns) -> Table:
    table = Table(title="Processor milliseconds a payment, medians of the rounds", title_justify="left", padding=0)
    for name in (
        "",
        "offered",
        "payments",
        "not captured",
        *COUNTED,
        "own",
        "of the toy",
        "simulator",
        "load",
        "p99 ms",
    ):
        table.add_column(name, justify="right")
    for (name, rate), of_rate in turns.items():
        by_part = _by_part(of_rate)
        shown = {part: f"{by_part[part]:.2f}" if part in by_part else "–" for part in PARTS}
        latencies_ms = [latency_ms for turn in of_rate for latency_ms in turn.loaded.latencies_ms]
        table.add_row(
            name,
            f"{rate}/s",
            f"{sum(turn.captured for turn in of_rate):,}",
            f"{sum(turn.not_captured for turn in of_rate):,}",
            *(shown[part] for part in COUNTED),
            f"{median(_own_ms(of_rate)):.2f}",
            f"{ratio(_own_ms(of_rate), _own_ms(turns[TOY, rate])):.2f}",
            shown["simulator"],
            shown["load"],
            f"{percentile(latencies_ms, 99):.0f}" if latencies_ms else "–",
        )
    return table


def _notes(bench: Bench, turns: Turns, rounds: int, seconds: float) -> tuple[str, ...]:
    missed = [
        f"missed: {got} of the toy at {rate}/s, target {target}"
        for rate, target in TARGETS.items()
        if (got := ratio(_own_ms(turns[OWN, rate]), _own_ms(turns[TOY, rate]))) > target
    ]
    behind = [
        f"{name} did not keep up with {rate}/s: payments that were not captured cost as well, and count in the others"
        for (name, rate), of_rate in turns.items()
        if any(turn.not_captured for turn in of_rate)
    ]
    return (
        f"{rounds} rounds of {seconds:.0f} s; own: {', '.join(COUNTED)}",
        f"targets: {', '.join(f'{target} at {rate}/s' for rate, target in TARGETS.items())}; moonshot: {MOONSHOT}",
        *([f"base: {bench.base}"] if bench.base else []),
        *behind,
        *missed,
    )
