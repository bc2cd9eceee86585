"""Whoever wants more than a share waits behind nobody but themselves."""

import asyncio

import pytest

from infrastructure.postgres.connection.fair_share import FairShare, ShareTaken


async def use(share: FairShare, owner: str, used: asyncio.Event | None = None, *, within_s: float = 60) -> str:
    async with share.one(owner, within_s=within_s):
        if used is not None:
            await used.wait()
        return owner


async def test_one_owner_waits_and_another_does_not() -> None:
    share, used = FairShare(2), asyncio.Event()
    flood = [asyncio.create_task(use(share, "aurora", used)) for _ in range(50)]
    await asyncio.sleep(0)
    assert await use(share, "kestrel") == "kestrel"
    assert not any(task.done() for task in flood)
    used.set()
    assert await asyncio.gather(*flood) == ["aurora"] * 50


async def test_who_waits_too_long_is_told() -> None:
    share, used = FairShare(1), asyncio.Event()
    first = asyncio.create_task(use(share, "aurora", used))
    await asyncio.sleep(0)
    with pytest.raises(ShareTaken):
        await use(share, "aurora", within_s=0.01)
    used.set()
    await first
    assert await use(share, "aurora", within_s=0.01) == "aurora"


async def test_what_fails_or_is_given_up_makes_room_too() -> None:
    share = FairShare(1)
    for _ in range(3):
        with pytest.raises(ConnectionResetError):
            async with share.one("aurora", within_s=1):
                raise ConnectionResetError
        given_up = asyncio.create_task(use(share, "aurora", asyncio.Event()))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
    assert share._of_owner == {}
