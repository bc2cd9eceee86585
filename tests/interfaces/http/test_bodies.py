"""A body that does not come is given up; however many do not come, one that is there is read."""

import asyncio

import pytest

from interfaces.http.server.bodies import Bodies
from interfaces.resources.refusals import BodyTooSlow


async def never() -> bytes:
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def at_once() -> bytes:
    return b"{}"


async def give_up(*tasks: asyncio.Task[bytes]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_body_that_never_comes_is_given_up() -> None:
    with pytest.raises(BodyTooSlow):
        await Bodies(within_s=0.01).read("aurora", never)


async def test_who_is_slow_makes_room_the_slowest_first() -> None:
    bodies = Bodies(within_s=60, bodies_max=3)
    silent = [asyncio.create_task(bodies.read("aurora", never)) for _ in range(3)]
    await asyncio.sleep(0)
    assert await bodies.read("kestrel", at_once) == b"{}"
    with pytest.raises(BodyTooSlow):
        await silent[0]
    assert not any(task.done() for task in silent[1:])
    # There is room now: nobody else has to go.
    assert await bodies.read("kestrel", at_once) == b"{}"
    assert not any(task.done() for task in silent[1:])
    await give_up(*silent)


async def test_who_keeps_most_bodies_back_makes_room_first() -> None:
    bodies = Bodies(within_s=60, bodies_max=4)
    slow = asyncio.create_task(bodies.read("kestrel", never))
    await asyncio.sleep(0)
    flood = [asyncio.create_task(bodies.read("aurora", never)) for _ in range(20)]
    await asyncio.sleep(0.01)
    assert not slow.done()
    assert [task.done() for task in flood] == [True] * 17 + [False] * 3
    await give_up(slow, *flood)


async def test_what_is_read_makes_room_too() -> None:
    bodies = Bodies(bodies_max=1)
    for _ in range(3):
        assert await bodies.read("aurora", at_once) == b"{}"
