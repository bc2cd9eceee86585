"""`make hostile`: the whole attack on a system of its own. Its last line is the outcome as one JSON object."""

import asyncio
import os
import random
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

import click
import msgspec

from interfaces.runtime.supervisor import Stack
from tests.hostile.attack import Outcome, attack
from tests.hostile.generate import hostile_requests
from tests.hostile.probe import Liveness, probing
from tests.support.running import Merchant, merchant_of, running_stack

LIVE_MS_MAX = 200.0
WITHIN_S = 900.0
HELD_BACK = 300
ATTACKER_NICENESS = 10
_FAILURE = re.compile(r'"unexpected_error"|Traceback|ASGI protocol failure')


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seed", type=click.IntRange(min=0), default=None, help="Repeat that run; a random one by default.")
@click.option("--requests", type=click.IntRange(min=1), default=20_000, show_default=True)
def main(seed: int | None, requests: int) -> None:
    """Send generated hostile requests, and ask meanwhile whether the server lives. Ends with 1 when a request got a 500
    or no answer, an error nobody foresaw was logged, or a look at /health/live took over 200 ms."""
    seed = random.randrange(2**32) if seed is None else seed
    click.echo(f"seed {seed}; to repeat: make hostile SEED={seed} REQUESTS={requests}")
    home = Path(tempfile.mkdtemp(prefix="tallystick-hostile-"))
    home.chmod(0o711)
    started = time.perf_counter()
    try:
        with running_stack(home / "home") as stack:
            with probing(stack.url) as found:
                # The server has the processor first: an attacker's is its own.
                os.nice(ATTACKER_NICENESS)
                outcome = asyncio.run(_attack(stack, seed, requests))
            logged = len(
                _FAILURE.findall("".join(log.read_text(errors="replace") for log in stack.logs.glob("api.log*")))
            )
    finally:
        shutil.rmtree(home, ignore_errors=True)
    for request in (*outcome.failed, *outcome.unanswered):
        click.echo(request, err=True)
    click.echo(_verdict(seed, outcome, found[0], logged, time.perf_counter() - started))
    is_well = not (outcome.failed or outcome.unanswered or logged or found[0].missed or found[0].max_ms > LIVE_MS_MAX)
    sys.exit(not is_well)


async def _attack(stack: Stack, seed: int, requests: int) -> Outcome:
    async with merchant_of(stack, "The attacker") as attacker, merchant_of(stack, "Somebody else") as other:
        known = [*await _known_ids(attacker), *await _known_ids(other)]
        hostile = hostile_requests(seed, requests, [attacker.secret], known)
        return await attack(stack.url, [attacker.secret], hostile, held_back=HELD_BACK, within_s=WITHIN_S)


async def _known_ids(merchant: Merchant) -> list[str]:
    paid = await merchant.pay()
    assert paid.status == 201, paid
    return [paid.json["payment_id"], paid.json["payment_intent_id"], merchant.merchant_id]


def _verdict(seed: int, outcome: Outcome, live: Liveness, logged: int, took_s: float) -> str:
    told = {
        "seed": seed,
        "sent": outcome.sent,
        "statuses": {str(status): count for status, count in sorted(outcome.statuses.items())},
        "hung_up": outcome.hung_up,
        "failed": len(outcome.failed),
        "unanswered": len(outcome.unanswered),
        "errors_logged": logged,
        "live": msgspec.to_builtins(live),
        "seconds": round(took_s),
    }
    return msgspec.json.encode(told).decode()


if __name__ == "__main__":
    main()
