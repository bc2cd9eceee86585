"""`memory`: what the API, the worker and the simulator hold while payments come in for a long time.

The slope is a straight line through the second half of the run: what is flat after warm-up has none.
"""

import threading
import time
from collections import defaultdict
from statistics import linear_regression

from rich.table import Table

from tests.benchmarks.bench import Bench, Report
from tests.benchmarks.market import market
from tests.benchmarks.processes import resident_mb, roots

RATE = 250
LOOK_EVERY_S = 0.5
SHOWN = ("api", "worker", "simulator")


def run(bench: Bench) -> Report:
    seconds = 25.0 if bench.quick else 90.0
    sizes: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with market(bench) as shops:
        parts = {name: pid for name, pid in roots(shops.stack).items() if name in SHOWN}
        done = threading.Event()

        def observe() -> None:
            while not done.wait(LOOK_EVERY_S):
                for name, size_mb in resident_mb(parts).items():
                    sizes[name].append((time.perf_counter() / 60, size_mb))

        observer = threading.Thread(target=observe)
        observer.start()
        try:
            sold = shops.sell(RATE, seconds)
        finally:
            done.set()
            observer.join()
    table = Table("process", "at first MB", "half way MB", "at last MB", "MB a minute", title_justify="left")
    table.title = f"Resident memory over {len(sold.loaded.latencies_ms):,} payments in {sold.loaded.seconds:.0f} s"
    slopes = {}
    for name, samples in sizes.items():
        half = samples[len(samples) // 2 :]
        slopes[name] = round(linear_regression(*zip(*half, strict=True)).slope, 2)
        held = (samples[0][1], half[0][1], samples[-1][1])
        table.add_row(name, *(f"{size_mb:.1f}" for size_mb in held), f"{slopes[name]:+.2f}")
    return Report(table, {"mb_per_min": slopes})
