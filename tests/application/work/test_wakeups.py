"""Wake-ups: none is lost between a look and a wait, and where one may be missed, work polls as without them."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from application.work import wakeups as wakeups_module
from application.work.background_cache import Refreshing
from application.work.wakeups import Wakeups, repeatedly, when_due
from application.write.store import StoreUnavailable
from tests.support.store import until

POLL_S = 0.02
FOR_EVER_S = 600.0


def relied_upon(upon: Wakeups | None = None) -> Wakeups:
    wakeups = Wakeups(upon)
    wakeups.rely()
    return wakeups


def waiting(wakeups: Wakeups, **kinds: float) -> "asyncio.Task[None]":
    return asyncio.create_task(wakeups.wait(since=wakeups.count, **{"poll_s": POLL_S, "within_s": FOR_EVER_S, **kinds}))


async def goes_on_waiting(task: "asyncio.Task[None]") -> bool:
    await asyncio.sleep(5 * POLL_S)
    return not task.done()


async def ended(task: "asyncio.Task[Any]") -> None:
    await until(_true_of(task.done), "the wait ends")
    await task


async def test_a_wake_up_ends_every_wait() -> None:
    wakeups = relied_upon()
    first, second = waiting(wakeups), waiting(wakeups)
    assert await goes_on_waiting(first)
    wakeups.wake()
    await ended(first)
    await ended(second)


async def test_a_wake_up_between_the_look_and_the_wait_is_not_lost() -> None:
    wakeups = relied_upon()
    since = wakeups.count
    wakeups.wake()
    await wakeups.wait(since=since, within_s=FOR_EVER_S)


async def test_a_wait_ends_in_time_without_a_wake_up() -> None:
    wakeups = relied_upon()
    await wakeups.wait(since=wakeups.count, within_s=POLL_S)
    await wakeups.wait(since=wakeups.count, within_s=-1.0)


async def test_who_cannot_rely_on_them_polls() -> None:
    wakeups = Wakeups()
    await ended(waiting(wakeups))
    wakeups.rely()
    wakeups.distrust()
    await ended(waiting(wakeups))


async def test_a_wait_becomes_a_poll_once_they_are_not_relied_upon() -> None:
    wakeups = relied_upon()
    lost = waiting(wakeups)
    assert await goes_on_waiting(lost)
    wakeups.distrust()
    await ended(lost)
    wakeups.rely(asyncio.get_running_loop().time() + POLL_S)
    await ended(waiting(wakeups))


async def test_a_reliance_that_is_extended_keeps_the_wait() -> None:
    wakeups = relied_upon()
    task = waiting(wakeups)
    for _ in range(20):
        wakeups.rely(asyncio.get_running_loop().time() + 10 * POLL_S)
        await asyncio.sleep(POLL_S)
    assert not task.done()
    task.cancel()


async def test_a_reliance_that_begins_anew_wakes_since_something_may_have_been_missed() -> None:
    wakeups = Wakeups()
    before = wakeups.count
    wakeups.rely()
    assert wakeups.count == before + 1
    wakeups.rely()
    assert wakeups.count == before + 1, "it goes on"


async def test_some_are_relied_upon_only_with_others() -> None:
    others = Wakeups()
    wakeups = Wakeups(others)
    wakeups.rely()
    assert not wakeups.are_reliable
    others.rely(math.inf)
    assert wakeups.are_reliable


async def test_some_wake_others_too() -> None:
    wakeups, others = Wakeups(), relied_upon()
    wakeups.wake_too(others)
    task = waiting(others)
    assert await goes_on_waiting(task)
    wakeups.wake()
    await ended(task)


class Work:
    """Counts its runs."""

    def __init__(self, idle_s: float = FOR_EVER_S) -> None:
        self.runs = 0
        self.idle_s = idle_s

    async def __call__(self) -> float:
        self.runs += 1
        return self.idle_s

    async def has_run(self, runs: int) -> None:
        await until(_true_of(lambda: self.runs >= runs), f"it ran {runs} times")


@pytest.fixture
async def background() -> Any:
    tasks: list[asyncio.Task[Any]] = []

    def begin(coroutine: Coroutine[Any, Any, Any]) -> None:
        tasks.append(asyncio.create_task(coroutine))

    yield begin
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_work_runs_at_a_wake_up_and_not_in_between(background: Callable[..., None]) -> None:
    wakeups, work = relied_upon(), Work()
    background(repeatedly(work, wakeups=wakeups, poll_s=POLL_S))
    await work.has_run(1)
    for runs in range(2, 5):
        await asyncio.sleep(3 * POLL_S)
        assert work.runs == runs - 1
        wakeups.wake()
        await work.has_run(runs)


async def test_a_wake_up_during_the_work_is_not_lost(background: Callable[..., None]) -> None:
    wakeups, runs = relied_upon(), 0

    async def work() -> float:
        nonlocal runs
        runs += 1
        if runs == 1:
            wakeups.wake()
        return FOR_EVER_S

    background(repeatedly(work, wakeups=wakeups, poll_s=POLL_S))
    await until(_true_of(lambda: runs == 2), "it runs again")


async def test_work_polls_while_wake_ups_may_be_missed(background: Callable[..., None]) -> None:
    work = Work()
    background(repeatedly(work, wakeups=Wakeups(), poll_s=POLL_S))
    await work.has_run(5)


async def test_work_runs_when_the_next_thing_is_due(background: Callable[..., None]) -> None:
    work = Work(idle_s=3 * POLL_S)
    background(repeatedly(work, wakeups=relied_upon(), poll_s=POLL_S))
    await work.has_run(5)


async def test_work_runs_in_the_end_whatever_is_relied_upon(
    background: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakeups_module, "FALLBACK_S", 3 * POLL_S)
    work = Work()
    background(repeatedly(work, wakeups=relied_upon(), poll_s=POLL_S))
    await work.has_run(3)


async def test_only_what_is_due_is_done() -> None:
    done = 0

    async def work() -> None:
        nonlocal done
        done += 1

    assert await when_due(Work(idle_s=3.0), work) == 3.0
    assert done == 0
    assert await when_due(Work(idle_s=-0.5), work) == 0.0
    assert done == 1


async def refreshed(refresh: Callable[[], Awaitable[None]], wakeups: Wakeups, **kinds: Any) -> Refreshing:
    refreshing = Refreshing(refresh, name="a test", every_s=POLL_S, wakeups=wakeups, **kinds)
    await refreshing.start()
    return refreshing


async def test_a_cache_is_read_again_at_a_wake_up_only() -> None:
    wakeups, read = relied_upon(), Work()

    async def refresh() -> None:
        await read()

    refreshing = await refreshed(refresh, wakeups)
    for runs in range(2, 5):
        await asyncio.sleep(3 * POLL_S)
        assert read.runs == runs - 1
        wakeups.wake()
        await read.has_run(runs)
    await refreshing.aclose()


async def test_a_cache_that_could_not_be_read_is_read_again_without_a_wake_up() -> None:
    read = Work()

    async def refresh() -> None:
        await read()
        if read.runs < 4:
            raise StoreUnavailable("away")

    refreshing = await refreshed(refresh, relied_upon())
    await read.has_run(4)
    await asyncio.sleep(3 * POLL_S)
    assert read.runs == 4
    await refreshing.aclose()


async def test_a_cache_is_read_again_when_it_is_no_longer_fresh() -> None:
    read = Work()

    async def refresh() -> None:
        await read()

    refreshing = await refreshed(refresh, relied_upon(), fresh_for_s=lambda: 0.0)
    await read.has_run(4)
    await refreshing.aclose()


def _true_of(holds: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return holds()

    return check
