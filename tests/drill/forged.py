"""Messages on the bus that are forged, of another store, torn, repeated or missing, while payments go on."""

import asyncio
import contextlib
import os
import random
import signal
import time
from pathlib import Path
from uuid import UUID, uuid4

from infrastructure.nats.bus import BUS_ERRORS, Bus
from infrastructure.nats.wakeup import Wakeup, encode, subject_of
from interfaces.composition import Core
from interfaces.demo.checks import check
from interfaces.runtime.supervisor import Stack
from projections.verification import Replay
from tests.crash.books import BATCH_EVENTS_MAX
from tests.crash.system import crashable_stack
from tests.drill.part import Figures, Part
from tests.infrastructure.nats.wiring import connected
from tests.support.running import Merchant, eventually, merchant_of

FORGED_FOR_S = 10.0
HANGS_FOR_S = 6.0
PAYMENTS_AFTER = 3
LAG_S_MAX = 5.0
"""Past this a view was kept behind: ten times what it takes without a bus on a quiet machine."""


def rehearse(folder: Path, seed: int) -> Figures:
    with crashable_stack(folder / "home") as stack:
        return asyncio.run(_rehearse(stack, random.Random(seed)))


async def _rehearse(stack: Stack, chance: random.Random) -> Figures:
    async with merchant_of(stack) as merchant, Core(stack.settings) as core:
        await _lag_s(merchant)
        async with connected(stack.settings.nats_url) as bus:
            forging = asyncio.create_task(_forge(bus, core, chance))
            lags_s = await _pay_for(FORGED_FOR_S, merchant)
            os.kill(stack.embedded.nats.pid, signal.SIGSTOP)
            try:
                lags_s += await _pay_for(HANGS_FOR_S, merchant)
            finally:
                os.kill(stack.embedded.nats.pid, signal.SIGCONT)
            stack.embedded.nats.kill()
            lags_s += await _pay_for(1.0, merchant)
            stack.embedded.nats.start()
            forging.cancel()
            [forged] = await asyncio.gather(forging, return_exceptions=True)
        lags_s += [await _lag_s(merchant) for _ in range(PAYMENTS_AFTER)]
        harmful = await _harm(core) + sum(lag_s > LAG_S_MAX for lag_s in lags_s)
        told = {refusal.reason: refusal.messages for refusal in (await core.health.condition()).bus_refusals}
    assert not isinstance(forged, Exception), forged
    return {
        "forged_messages_refused": sum(told.values()),
        "forged_messages_harmful": harmful,
        "forged_kinds_told": len(told),
        "forged_view_lag_s_max": round(max(lags_s), 2),
    }


async def _forge(bus: Bus, core: Core, chance: random.Random) -> None:
    """Publish messages of every kind until cancelled, as somebody who has the relay's password."""
    store_id = await core.store_id()
    while True:
        with contextlib.suppress(*BUS_ERRORS):  # While NATS is away messages are missing.
            await bus.publish(subject_of(store_id), _message(store_id, chance))
        await asyncio.sleep(chance.choice([0.0, 0.001, 0.02]))


def _message(store_id: UUID, chance: random.Random) -> bytes:
    true = encode(Wakeup(store_id, chance.randrange(1, 50)))
    return chance.choice(
        [
            true,
            encode(Wakeup(store_id, 10**12 + chance.randrange(10**6))),
            encode(Wakeup(uuid4(), chance.randrange(1, 10**6))),
            true[: chance.randrange(len(true))],
            chance.randbytes(chance.choice([1, 100, 4000])),
        ]
    )


async def _pay_for(seconds: float, merchant: Merchant) -> list[float]:
    ends = time.monotonic() + seconds
    lags_s = []
    while time.monotonic() < ends:
        lags_s.append(await _lag_s(merchant))
    return lags_s


async def _lag_s(merchant: Merchant) -> float:
    """Pay, and wait for the balances view to show it; the seconds that this took."""
    reply = await merchant.pay()
    assert reply.status == 201, reply
    told = time.monotonic()

    async def shown() -> bool:
        position = reply.headers["Tallystick-Position"]
        return (await merchant.get("/v1/balances", headers={"Tallystick-Position": position})).status == 200

    await eventually(shown, "the view shows the payment")
    return time.monotonic() - told


async def _harm(core: Core) -> int:
    """The views that stand anywhere but at the head, or differ from a replay of the whole store."""

    async def are_at_head() -> bool:
        condition = await core.health.condition()
        return all(each.position == condition.head for each in condition.followers if each.name != "relay")

    try:
        await eventually(are_at_head, "every view is at the head", within_s=20)
    except AssertionError:
        condition = await core.health.condition()
        return sum(each.position != condition.head for each in condition.followers if each.name != "relay")
    replay, position = Replay(), 0
    while events := await core.store.after(position, events_max=BATCH_EVENTS_MAX):
        replay.take_in(events)
        position = events[-1].position
    return len((await check(core, replay)).differences)


def fault(figures: Figures) -> str | None:
    if figures["forged_messages_harmful"]:
        return f"{figures['forged_messages_harmful']} views or payments were wrong or late because of messages"
    if figures["forged_kinds_told"] < 3:
        return "not every kind of forged message was told of"
    return None


PART = Part("forged", rehearse, fault)
