"""`make chaos`: the whole run on a system of its own. Its last line is the verdict as one JSON object."""

import asyncio
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

import click
import msgspec

from tests.simulation.chaos import chaos
from tests.simulation.run import chaos_stack
from tests.simulation.verdict import Judged

WITHIN_S = 600.0
SETTLED_WITHIN_S = 120.0


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seed", type=click.IntRange(min=0), default=None, help="Repeat that run; a random one by default.")
@click.option("--payments", type=click.IntRange(min=1), default=2_000, show_default=True)
def main(seed: int | None, payments: int) -> None:
    """Payments over three providers that fail in every way, while processes are killed with SIGKILL. Ends with 1 when a
    promise is broken, each place named on standard error."""
    seed = random.randrange(2**32) if seed is None else seed
    click.echo(f"seed {seed}; to repeat: make chaos SEED={seed} PAYMENTS={payments}")
    home = Path(tempfile.mkdtemp(prefix="tallystick-chaos-"))
    home.chmod(0o711)
    started = time.perf_counter()
    try:
        judged = _run(home / "home", seed, payments)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    for finding in judged.findings:
        click.echo(finding, err=True)
    for what, payments_met in sorted(judged.met.items()):
        click.echo(f"{payments_met:6} {what}")
    click.echo(f"{judged.verdict.payments} payments, {time.perf_counter() - started:.0f} s")
    click.echo(msgspec.json.encode(judged.verdict).decode())
    sys.exit(1 if judged.findings else 0)


def _run(home: Path, seed: int, payments: int) -> Judged:
    with chaos_stack(home) as stack:
        return asyncio.run(chaos(stack, seed, payments, within_s=WITHIN_S, settled_within_s=SETTLED_WITHIN_S))


if __name__ == "__main__":
    main()
