"""What has to hold once the dust has settled: nothing lost, doubled, stuck or unexplained."""

from interfaces.composition import Core, utc_now, view_connection
from interfaces.demo.checks import check
from interfaces.runtime.supervisor import Stack
from projections.engine.checkpoint import checkpoints
from projections.verification import Replay
from tests.support.running import eventually

SETTLED_WITHIN_S = 90.0
"""An operation that found no slot at its provider is put off by up to a minute."""
BATCH_EVENTS_MAX = 2_000


async def assert_every_promise_holds(stack: Stack) -> None:
    """Once nothing is unresolved and the views have caught up: the whole store against everything derived from it,
    and against the provider's own books, payment by payment."""
    async with Core(stack.settings) as core:
        await eventually(lambda: _is_settled(core), "every outcome and every view", within_s=SETTLED_WITHIN_S)
        replay = Replay()
        position = 0
        while events := await core.store.after(position, events_max=BATCH_EVENTS_MAX):
            replay.take_in(events)
            position = events[-1].position
        verdict = await check(core, replay)
    assert verdict.differences == []
    assert verdict.double_charges == 0
    assert verdict.holds, verdict


async def _is_settled(core: Core) -> bool:
    if await core.payment.operation_queue.unresolved(claimed_before=utc_now()):
        return False
    head = await core.store.head()
    async with await view_connection(core.settings) as connection:
        return all(checkpoint.position == head for checkpoint in await checkpoints(connection))
