"""A running system with merchants in it, and the wait until all that they did is in the books and in every view."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from application.access.merchant import create_key, create_merchant
from interfaces import ids
from interfaces.composition import Core, utc_now, view_connection
from interfaces.runtime.supervisor import Stack
from projections.engine.checkpoint import positions
from projections.views import VIEWS
from tests.benchmarks.bench import Bench
from tests.benchmarks.load import Load, Loaded, send
from tests.benchmarks.processes import cpu_s, roots

MERCHANTS = 4
PROVIDER_S = 0.05
"""How long the provider takes to answer `tok_slow`."""
DRAINED_WITHIN_S = 30.0
WARM_UP = (100, 3)
"""Payments a second, and for how many seconds."""
_POLL_S = 0.01


class Sold(NamedTuple):
    """One load, what came of it, how long the rest of the system took to finish, and each part's processor time."""

    load: Load
    loaded: Loaded
    drained_s: float
    cpu_s: dict[str, float]


class Market:
    """Merchants of a running system."""

    def __init__(self, stack: Stack, secrets: list[str]) -> None:
        self.stack = stack
        self._secrets = secrets

    def sell(self, rate: float, seconds: float, *, token: str = "tok_visa", settles: bool = True) -> Sold:
        """`rate` payments a second for `seconds`, and the wait until all is settled and every view has caught up; no
        wait where a part of it cannot settle."""
        load = Load(url=self.stack.url, secrets=self._secrets, rate=rate, seconds=seconds, token=token)
        parts = roots(self.stack)
        before = cpu_s(parts)
        loaded = send(load)
        drained_s = asyncio.run(_drain(self.stack)) if settles else float("nan")
        used = {name: seconds - before[name] for name, seconds in cpu_s(parts).items()}
        return Sold(load, loaded, drained_s, {**used, "load": loaded.cpu_s})


@contextmanager
def market(bench: Bench, *, simulators: Sequence[str] = ("simulator",)) -> Iterator[Market]:
    """A system of its own, warmed up."""
    with bench.stack({"TALLYSTICK_SIMULATOR_SLOW_S": str(PROVIDER_S)}, simulators=simulators) as stack:
        opened = Market(stack, asyncio.run(_open_shops(stack)))
        opened.sell(*WARM_UP)
        yield opened


async def _open_shops(stack: Stack) -> list[str]:
    async with Core(stack.settings) as core:
        merchants = [
            await create_merchant(core.access.directory, f"Merchant {n}", ids.new_id) for n in range(MERCHANTS)
        ]
        return [(await create_key(core.access.directory, merchant, ids.new_id)).secret for merchant in merchants]


async def _drain(stack: Stack) -> float:
    """Seconds until nothing is unresolved and every view stands at the store's head; infinite when that takes longer
    than DRAINED_WITHIN_S."""
    started = time.perf_counter()
    async with Core(stack.settings) as core, await view_connection(core.settings) as connection:
        while (waited_s := time.perf_counter() - started) < DRAINED_WITHIN_S:
            head = await core.store.head()
            reached = await positions(connection, VIEWS.values())
            unresolved = await core.payment.operation_queue.unresolved(claimed_before=utc_now())
            if min(reached.values()) >= head and not unresolved:
                return waited_s
            await asyncio.sleep(_POLL_S)
    return float("inf")
