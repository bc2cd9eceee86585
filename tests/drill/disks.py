"""The disk under a home is full, under load: what is answered is kept, nothing else is, and all goes on with room."""

import asyncio
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psycopg

from interfaces.runtime.supervisor import Stack
from tests.crash.books import assert_every_promise_holds
from tests.crash.system import crashable_stack
from tests.drill.part import Figures, Part
from tests.support.running import Merchant, Reply, eventually, merchant_of
from tests.support.small_disk import fill, make_room, may_mount, small_disk

DISK_MIB = 200
PAYMENTS_BEFORE = 10
REFUSED_MIN = 30
"""So many payments meet the full disk, and some reads with each."""
TRIES_MAX = 2_000


def rehearse(folder: Path, _seed: int) -> Figures:
    if not may_mount():
        print("disks: nothing may be mounted here, so that no disk can be filled")
        return {"disks_rehearsed": False}
    with small_disk(folder / "home", size_mib=DISK_MIB) as home, crashable_stack(home) as stack:
        return asyncio.run(fill_and_recover(stack, home, refused_min=REFUSED_MIN))


async def fill_and_recover(stack: Stack, disk: Path, *, refused_min: int) -> Figures:
    """Pay, fill the disk, pay on until so many are refused, make room, and pay again."""
    answers: Counter[str] = Counter()
    kept: list[str] = []
    async with merchant_of(stack) as merchant:

        async def pay() -> Reply:
            reply = await merchant.pay()
            answers[str(reply.json.get("type", reply.status)).removeprefix("urn:tallystick:problem:")] += 1
            if reply.status == 201:
                kept.append(reply.json["payment_id"])
            return reply

        for _ in range(PAYMENTS_BEFORE):
            assert (await pay()).status == 201
        fill(disk)
        for _ in range(TRIES_MAX):
            await pay()
            assert (await merchant.get("/health/live")).status == 200, "the process lives"
            if answers["store_full"] >= refused_min:
                break
        ready = await merchant.get("/health/ready")
        assert (ready.status, ready.json["reasons"]) == (503, ["database: disk full"]), ready.json
        assert (await merchant.get(f"/v1/payments/{kept[0]}")).status == 200, "what is there can be read"
        others = sum(answers.values()) - answers["201"] - answers["store_full"]
        _need_a_wal_segment(stack)
        await eventually(lambda: _says_full_of_no_database(merchant), "a database that ended is said to be full")
        make_room(disk)

        async def goes_on() -> bool:
            # What `tallystick dev` does by itself, also where a server that had no room ends only now.
            stack.embedded.postgres.start()
            return (await merchant.get("/health/ready")).status == 200 and (await pay()).status == 201

        await eventually(goes_on, "payments are taken once there is room")
        unfound = [each for each in kept if (await merchant.get(f"/v1/payments/{each}")).status != 200]
    await assert_every_promise_holds(stack)
    return {
        "disks_rehearsed": True,
        "disk_full_refused": answers["store_full"],
        "disk_full_lost": len(unfound),
        "disk_full_other_answers": others,
    }


def _need_a_wal_segment(stack: Stack) -> None:
    """The server finds no room for it, and ends."""
    with (
        suppress(psycopg.OperationalError),
        psycopg.connect(stack.embedded.postgres.superuser_url, autocommit=True) as superuser,
    ):
        for _ in range(10):
            superuser.execute("SELECT pg_switch_wal()")
            superuser.execute("SELECT pg_logical_emit_message(false, 'drill', repeat('x', 1000), true)")


async def _says_full_of_no_database(merchant: Merchant) -> bool:
    ready = await merchant.get("/health/ready")
    return (ready.status, ready.json["reasons"]) == (503, ["database: disk full"])


def _fault(figures: Figures) -> str | None:
    if not figures["disks_rehearsed"]:
        return None
    if figures["disk_full_lost"]:
        return f"{figures['disk_full_lost']} payments were answered and are not there"
    if not figures["disk_full_refused"]:
        return "no payment met the full disk"
    return None


DISKS = Part("disks", rehearse, _fault)
