"""One run from its seed to its verdict."""

import asyncio

from interfaces.composition import Core
from interfaces.runtime.supervisor import Stack
from tests.simulation.plan import plan
from tests.simulation.run import Run
from tests.simulation.verdict import Judged, before, judge
from tests.support.running import merchant_in


async def chaos(stack: Stack, seed: int, payments: int, *, within_s: float, settled_within_s: float) -> Judged:
    """`within_s` bounds the orders, `settled_within_s` how long an outcome may stay unknown in fair weather."""
    async with Core(stack.settings) as core, merchant_in(core.access.directory, stack.url, f"Chaos {seed}") as merchant:
        since = await before(core, stack)
        run = Run(stack, core, merchant, plan(seed, payments), settled_within_s=settled_within_s)
        try:
            async with asyncio.timeout(within_s):
                await run.carry_out()
        except TimeoutError:
            run.troubles.append(f"orders were not through within {within_s} s, or {settled_within_s} s of fair weather")
        return await judge(core, stack, run, since)
