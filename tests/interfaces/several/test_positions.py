"""API processes that write to one store at once: no reader by position passes over an event that appears later."""

import asyncio
from collections.abc import Iterator

import pytest

from interfaces.runtime.supervisor import Stack
from tests.infrastructure.postgres.event_store.test_positions import SLOW_COMMITS, following
from tests.support.running import Merchant
from tests.support.store import execute

pytestmark = pytest.mark.system

SHOPPERS = 8
PAYMENTS_EACH = 5
FAST_COMMITS = "DROP FUNCTION dawdle() CASCADE"


@pytest.fixture
def slow_commits(stack: Stack) -> Iterator[str]:
    """A while passes between the drawing of positions and their commit."""
    execute(stack.settings.owner_database_url, SLOW_COMMITS)
    yield stack.settings.database_url
    execute(stack.settings.owner_database_url, FAST_COMMITS)


async def test_no_reader_passes_over_an_event_of_another_api(slow_commits: str, doors: list[Merchant]) -> None:
    async def shop(shopper: int) -> int:
        last = 0
        for number in range(PAYMENTS_EACH):
            reply = await doors[(shopper + number) % len(doors)].pay()
            assert reply.status == 201, reply
            last = int(reply.headers["Tallystick-Position"])
        return last

    async with following(slow_commits) as follower:
        last = max(await asyncio.gather(*map(shop, range(SHOPPERS))))
    assert follower.passed_over(slow_commits) == set()
    assert follower.seen == sorted(follower.seen)
    assert last in follower.seen
