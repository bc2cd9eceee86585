"""`make bench`: every benchmark, or those named. Each prints its table, and one JSON object as its last line."""

import shutil
import tempfile
import time
from importlib import import_module
from pathlib import Path

import click
import msgspec
from rich.console import Console

from tests.benchmarks.bench import Bench, Benchmark
from tests.benchmarks.machine import fsync_rate, machine
from tests.benchmarks.systems import CannotRun

NAMES = (
    *("append", "pay", "cost", "rivals", "lag", "rebuild", "verify", "growth", "memory", "hot", "fallback"),
    *("webhooks", "ledger"),
)
BESIDE_A_BASE = ("cost", "pay")
"""The benchmarks that run another commit of the project beside this one."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--quick", is_flag=True, help="The same figures, less exactly, in under 50 seconds each (cost, pay: 75).")
@click.option(
    "--base", default="", metavar="COMMIT", help="Run this commit of the project beside this one (cost, pay)."
)
def main(names: tuple[str, ...], quick: bool, base: str) -> None:
    """Measure Tallystick on this machine. NAME is one of append, pay, cost, rivals, lag, rebuild, verify, growth,
    memory, hot, fallback, webhooks, ledger; all by default. The ratios are the result; absolute figures belong to the
    machine."""
    if unknown := set(names) - set(NAMES):
        raise click.BadParameter(f"{', '.join(sorted(unknown))}: choose from {', '.join(NAMES)}", param_hint="NAME")
    if base and set(names or NAMES) - set(BESIDE_A_BASE):
        raise click.BadParameter(f"only with NAME={' or '.join(BESIDE_A_BASE)}", param_hint="BASE")
    console = Console(width=120, highlight=False)
    console.print(machine())
    with tempfile.TemporaryDirectory(prefix="tallystick-bench-") as disk:
        console.print(fsync_rate(Path(disk)))
    not_run = []
    for name in names or NAMES:
        benchmark: Benchmark = import_module(f"tests.benchmarks.{name}").run
        folder = Path(tempfile.mkdtemp(prefix="tallystick-bench-"))
        folder.chmod(0o711)
        try:
            console.rule(name)
            started = time.perf_counter()
            report = benchmark(Bench(quick=quick, console=console, folder=folder, base=base))
            console.print(report.table)
            for note in report.notes:
                console.print(note)
            console.print(f"{name} took {time.perf_counter() - started:.0f} s")
            click.echo(msgspec.json.encode(dict(report.figures)).decode())
        except CannotRun as error:
            click.echo(f"{name} was not run: {error}", err=True)
            not_run.append(name)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    if not_run:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
