"""`make chaos`: both runs, each on a system of its own. The last line is the verdict on both as one JSON object."""

import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from tests.simulation.chaos import chaos
from tests.simulation.hostile import HostileJudged, hostile_stack
from tests.simulation.hostile import hostile as hostile_run
from tests.simulation.run import chaos_stack
from tests.simulation.verdict import Judged

Told = TypeVar("Told", Judged, HostileJudged)

WITHIN_S = 600.0
SETTLED_WITHIN_S = 120.0


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seed", type=click.IntRange(min=0), default=None, help="Repeat that run; a random one by default.")
@click.option("--payments", type=click.IntRange(min=0), default=2_000, show_default=True, help="0 leaves them out.")
@click.option(
    "--hostile", "lied_to", type=click.IntRange(min=0), default=500, show_default=True, help="Through a liar; or 0."
)
def main(seed: int | None, payments: int, lied_to: int) -> None:
    """Payments over three providers that fail in every way, while processes are killed with SIGKILL; then payments
    through a provider that lies. Ends with 1 when a promise is broken, each place named on standard error."""
    seed = random.randrange(2**32) if seed is None else seed
    click.echo(f"seed {seed}; to repeat: make chaos SEED={seed} PAYMENTS={payments} HOSTILE={lied_to}")
    chaotic = _in_new_home(lambda home: _chaos(home, seed, payments)) if payments else None
    hostile = _in_new_home(lambda home: _hostile(home, seed, lied_to)) if lied_to else None
    verdict = {} if chaotic is None else msgspec.to_builtins(chaotic.verdict)
    verdict |= {} if hostile is None else {"hostile": msgspec.to_builtins(hostile.verdict)}
    click.echo(msgspec.json.encode(verdict).decode())
    sys.exit(1 if any(judged is not None and judged.findings for judged in (chaotic, hostile)) else 0)


def _chaos(home: Path, seed: int, payments: int) -> Judged:
    with chaos_stack(home) as stack:
        return asyncio.run(chaos(stack, seed, payments, within_s=WITHIN_S, settled_within_s=SETTLED_WITHIN_S))


def _hostile(home: Path, seed: int, payments: int) -> HostileJudged:
    with hostile_stack(home) as system:
        return asyncio.run(hostile_run(system, seed, payments, settled_within_s=SETTLED_WITHIN_S))


def _in_new_home(run: Callable[[Path], Told]) -> Told:
    """What `run` came to, told as well; its data are gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="tallystick-chaos-"))
    home.chmod(0o711)
    started = time.perf_counter()
    try:
        judged = run(home / "home")
    finally:
        shutil.rmtree(home, ignore_errors=True)
    for finding in judged.findings:
        click.echo(finding, err=True)
    for what, times in sorted(judged.met.items()):
        click.echo(f"{times:6} {what}")
    click.echo(f"{judged.verdict.payments} payments, {time.perf_counter() - started:.0f} s")
    return judged


if __name__ == "__main__":
    main()
