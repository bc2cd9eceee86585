"""Two workers on one store: one is at work, and when it is killed the other takes over within seconds."""

from interfaces.composition import Core
from interfaces.stack import Stack
from tests.crash.books import assert_every_promise_holds
from tests.crash.load import shopping
from tests.crash.stream import assert_stream_holds_every_event
from tests.crash.system import second_worker
from tests.support.running import eventually

TAKEN_OVER_WITHIN_S = 8.0
ANSWERS_BETWEEN = 15
RELAY = "relay"


async def test_another_worker_takes_over_from_a_killed_one_under_load(stack: Stack) -> None:
    async with Core(stack.settings) as core, shopping(stack, seed=11) as load:
        before = await _sessions_at_work(core)
        with second_worker(stack) as standby:
            await load.until(ANSWERS_BETWEEN)
            assert (await _sessions_at_work(core))[RELAY] == before[RELAY], (
                "who came second took over from a living one"
            )
            for active in (stack.worker, standby):
                before = await _sessions_at_work(core)
                active.kill()
                after = await _sessions_at_work(core, since=before[RELAY])
                assert after.keys() == before.keys()
                active.start()
                await load.until(ANSWERS_BETWEEN)
    async with Core(stack.settings) as core:
        await assert_stream_holds_every_event(core)
    await assert_every_promise_holds(stack)


async def _sessions_at_work(core: Core, *, since: int | None = None) -> dict[str, int]:
    """Which database session moves each follower, once every one is moved, and the relay not by session `since`."""
    sessions: dict[str, int] = {}

    async def every_one_is_moved() -> bool:
        followers = (await core.condition()).followers
        sessions.clear()
        sessions.update({follower.name: follower.active.pid for follower in followers if follower.active})
        return len(sessions) == len(followers) and sessions[RELAY] != since

    await eventually(every_one_is_moved, "somebody moves every follower", within_s=TAKEN_OVER_WITHIN_S)
    return sessions
