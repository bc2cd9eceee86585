"""`hot`: payments a second with 95 % of them on one merchant, beside the same payments spread evenly, in one run."""

import asyncio
import itertools
import random
import time
from collections.abc import Callable, Sequence
from uuid import uuid4

import aiohttp
from rich.table import Table

from application.access.merchant import create_key, create_merchant
from interfaces import ids
from interfaces.composition import Core
from interfaces.runtime.supervisor import Stack
from tests.benchmarks.bench import Bench, Report
from tests.benchmarks.rounds import ratio, spread, take_turns

MERCHANTS = 20
HOT_SHARE = 0.95
SHOPPERS = 32
TARGET = 0.7
BODY = {
    "customer_id": "customer-1",
    "amount": 1000,
    "currency": "EUR",
    "payment_method": {"type": "card", "token": "tok_visa"},
    "confirm": True,
}


def run(bench: Bench) -> Report:
    rounds, round_s = (3, 3.0) if bench.quick else (5, 4.0)
    with bench.stack() as stack, asyncio.Runner() as runner:
        keys = runner.run(_keys(stack))
        runner.run(_rate(stack, keys, [1.0] * MERCHANTS, round_s=1.0))  # warm-up, measured by nobody
        shares = {
            "hot": [HOT_SHARE] + [(1 - HOT_SHARE) / (MERCHANTS - 1)] * (MERCHANTS - 1),
            "even": [1 / MERCHANTS] * MERCHANTS,
        }

        def paying(share: Sequence[float]) -> Callable[[], float]:
            return lambda: runner.run(_rate(stack, keys, share, round_s=round_s))

        measured = take_turns({name: paying(share) for name, share in shares.items()}, rounds=rounds)
    hot_vs_even = ratio(measured["hot"], measured["even"])
    table = Table("traffic", "payments/s, median (least to most)", title="A hot merchant")
    table.add_row(f"{HOT_SHARE:.0%} on one of {MERCHANTS} merchants", str(spread(measured["hot"])))
    table.add_row(f"even over {MERCHANTS} merchants", str(spread(measured["even"])))
    missed = (f"missed: {hot_vs_even} of the even rate is under {TARGET}",) if hot_vs_even < TARGET else ()
    return Report(table, {"hot_vs_even": hot_vs_even}, (f"{SHOPPERS} shoppers, each waiting for its answer", *missed))


async def _keys(stack: Stack) -> list[str]:
    """A secret of each merchant."""
    async with Core(stack.settings) as core:
        merchants = [await create_merchant(core.access.directory, f"Shop {n}", ids.new_id) for n in range(MERCHANTS)]
        return [(await create_key(core.access.directory, merchant, ids.new_id)).secret for merchant in merchants]


async def _rate(stack: Stack, keys: Sequence[str], shares: Sequence[float], *, round_s: float) -> float:
    """Payments a second: each shopper pays the next as soon as the last is answered."""
    choose = random.Random(0)
    paid = itertools.count()
    until = time.perf_counter() + round_s
    started = time.perf_counter()

    async def shop(http: aiohttp.ClientSession) -> None:
        while time.perf_counter() < until:
            [key] = choose.choices(keys, shares)
            headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": uuid4().hex}
            async with http.post(f"{stack.url}/v1/payment_intents", json=BODY, headers=headers) as reply:
                assert reply.status == 201, await reply.text()
                await reply.read()
            next(paid)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        await asyncio.gather(*(shop(http) for _ in range(SHOPPERS)))
    return next(paid) / (time.perf_counter() - started)
