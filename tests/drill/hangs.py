"""Each part of the system hangs under load, one after the other: how long anybody waits, and that all is well then."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from interfaces.runtime.supervisor import Stack
from tests.crash.books import assert_every_promise_holds
from tests.crash.load import Load, shopping
from tests.crash.parts import HANGS, renewing
from tests.crash.system import crashable_stack
from tests.drill.part import Figures, Part
from tests.support.running import Merchant, Reply, eventually, merchant_of

ANSWERED_WITHIN_S = 3.0
TAKEN_OVER_WITHIN_S = 5.0
HANGS_FOR_S = 5.0
ASKED_EVERY_S = 0.25
QUERIES = ("/v1/payments", "/v1/balances", "/v1/refunds", "/v1/events", "/health/ready", "/health/live")


class Waits:
    """The longest that anybody waited, by the part that hung."""

    def __init__(self) -> None:
        self.longest_s: dict[str, float] = {}

    async def during(self, part: str, ask: Callable[[], Awaitable[Reply]]) -> None:
        begun = time.monotonic()
        await ask()
        self.longest_s[part] = max(self.longest_s.get(part, 0.0), time.monotonic() - begun)


def rehearse(folder: Path, seed: int) -> Figures:
    with crashable_stack(folder / "home") as stack:
        return asyncio.run(_rehearse(stack, seed))


async def _rehearse(stack: Stack, seed: int) -> Figures:
    waits = Waits()
    second = stack.process("worker-2", ["worker"])
    second.start()
    try:
        async with shopping(stack, seed) as load, merchant_of(stack) as merchant:
            await eventually(lambda: renewing(stack, workers=2), "the second worker stands by")
            await load.until(20)
            took_over_s = await _take_over(stack, merchant)
            for part in HANGS:
                await _hang(stack, part, merchant, waits)
                await _is_well(merchant, load)
        await assert_every_promise_holds(stack)
    finally:
        second.terminate()
    for part, longest_s in waits.longest_s.items():
        print(f"hangs: {part}: nobody waited longer than {longest_s:.2f} s")
    return {
        "hang_503_s_max": round(max(waits.longest_s.values()), 2),
        "lease_takeover_s_max": round(took_over_s, 2),
    }


async def _hang(stack: Stack, part: str, merchant: Merchant, waits: Waits) -> None:
    asked: set[asyncio.Task[None]] = set()
    with HANGS[part](stack):
        until = time.monotonic() + HANGS_FOR_S
        while time.monotonic() < until:
            for path in QUERIES:
                asked.add(asyncio.create_task(waits.during(part, partial(merchant.get, path))))
            asked.add(asyncio.create_task(waits.during(part, merchant.pay)))
            await asyncio.sleep(ASKED_EVERY_S)
        # All of them while it still hangs: none is answered because it goes on.
        await asyncio.gather(*asked)


async def _is_well(merchant: Merchant, load: Load) -> None:
    async def seen() -> bool:
        paid = await merchant.pay()
        if paid.status != 201:
            return False
        position = {"Tallystick-Position": paid.headers["Tallystick-Position"]}
        return (await merchant.get("/v1/balances", headers=position)).status == 200

    await eventually(seen, "a payment goes through and is seen in the views")
    await load.until(10)


async def _take_over(stack: Stack, merchant: Merchant) -> float:
    """How long the views stand still when the worker that moves them hangs."""
    begun = time.monotonic()
    with HANGS["worker"](stack):
        paid = await merchant.pay()
        position = {"Tallystick-Position": paid.headers["Tallystick-Position"]}

        async def seen() -> bool:
            return (await merchant.get("/v1/balances", headers=position)).status == 200

        await eventually(seen, "the other worker has taken over")
        return time.monotonic() - begun


def _fault(figures: Figures) -> str | None:
    if figures["hang_503_s_max"] > ANSWERED_WITHIN_S:
        return f"somebody waited {figures['hang_503_s_max']} s"
    if figures["lease_takeover_s_max"] > TAKEN_OVER_WITHIN_S:
        return f"it took {figures['lease_takeover_s_max']} s until another worker had taken over"
    return None


HANGING = Part(name="hangs", rehearse=rehearse, fault=_fault)
