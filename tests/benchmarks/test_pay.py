"""`pay` raises every system through the same rates, each until it does not keep up."""

from io import StringIO
from pathlib import Path

from rich.console import Console

from tests.benchmarks import pay
from tests.benchmarks.bench import Bench
from tests.benchmarks.load import Load, Loaded
from tests.benchmarks.market import Sold


def keeping_up_with(most: float, *, latency_ms: float = 20.0) -> pay.Sell:
    """A system that captures every payment up to that rate, and none above it."""

    def sold(rate: float, seconds: float) -> Sold:
        captured = 10 if rate <= most else 0
        loaded = Loaded(statuses={201: 10}, latencies_ms=[latency_ms] * captured, seconds=seconds, cpu_s=0.1)
        return Sold(Load(url="", secrets=[], rate=rate, seconds=seconds), loaded, 0.1, {"api": 0.1})

    return sold


def rise(**systems: pay.Sell) -> dict[str, list[Sold]]:
    bench = Bench(quick=True, console=Console(file=StringIO()), folder=Path())
    return pay._rise(bench, systems, 1.0, pay._table())


def test_each_system_rises_until_it_does_not_keep_up() -> None:
    tries = rise(own=keeping_up_with(300), toy=keeping_up_with(750))
    assert [sold.load.rate for sold in tries["own"]] == [150, 300, 450]
    assert [sold.load.rate for sold in tries["toy"]] == [150, 300, 450, 600, 750, 900]


def test_a_rate_that_was_kept_up_with_too_slowly_is_not_sustained() -> None:
    [slow, *_] = rise(own=keeping_up_with(150, latency_ms=pay.LATENCY_P99_MS_MAX + 1))["own"]
    assert pay._is_kept_up_with(slow)
    assert not pay._is_sustained(slow)


def test_the_ratio_is_none_where_the_rival_sustained_nothing() -> None:
    assert pay._ratio(300, 0) is None
    assert pay._ratio(300, 600) == 0.5
