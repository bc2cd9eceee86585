"""An event that a view cannot take in stops that view alone; /metrics and `tallystick status` say so."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import msgspec
import pytest
from click.testing import CliRunner

from interfaces.cli.main import main
from interfaces.runtime.settings import to_environment
from interfaces.runtime.supervisor import Stack
from projections.views import VIEWS
from tests.crash.books import assert_every_promise_holds
from tests.support.metrics import Scraped, scrape
from tests.support.running import eventually, merchant_of
from tests.support.store import execute

pytestmark = pytest.mark.system

POISONED = "merchant_balances"
TOO_MUCH = 900_000_000
REFUSE = f"ALTER TABLE views.{VIEWS[POISONED].table} ADD CONSTRAINT poison CHECK (pending < {TOO_MUCH // 2})"
ACCEPT = f"ALTER TABLE views.{VIEWS[POISONED].table} DROP CONSTRAINT poison"


async def test_a_poisoned_view_stands_still_alone_and_is_shown_until_it_goes_on(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with merchant_of(stack) as merchant, aiohttp.ClientSession() as http:
        with _poison(stack):
            assert (await merchant.pay(TOO_MUCH)).status == 201

            async def is_told() -> bool:
                return (await scrape(http, stack.url)).value("tallystick_follower_failed", follower=POISONED) == 1

            await eventually(is_told, "the metrics tell of the poison")
            paid = await merchant.pay()
            told = await _once_others_are_there(http, stack, int(paid.headers["Tallystick-Position"]))
            assert told.value("tallystick_follower_active", follower=POISONED) == 0
            assert told.value("tallystick_follower_lag_events", follower=POISONED) > 0
            assert told.value("tallystick_follower_lag_seconds", follower=POISONED) > 0

            status = await asyncio.to_thread(_status, stack, monkeypatch)
            assert not status["well"]
            in_trouble = [follower for follower in status["followers"] if follower["trouble"]]
            assert [(each["name"], each["trouble"]) for each in in_trouble] == [(POISONED, "stands still")]
            assert "cannot be applied" in in_trouble[0]["failure"]
        stack.worker.kill()
        stack.worker.start()
        await assert_every_promise_holds(stack)
        assert (await scrape(http, stack.url)).value("tallystick_follower_failed", follower=POISONED) == 0


@contextmanager
def _poison(stack: Stack) -> Iterator[None]:
    execute(stack.settings.database_url, REFUSE)
    try:
        yield
    finally:
        execute(stack.settings.database_url, ACCEPT)


async def _once_others_are_there(http: aiohttp.ClientSession, stack: Stack, position: int) -> Scraped:
    """What is scraped once every view but the poisoned one has come to `position`."""
    told: list[Scraped] = []

    async def others_are_there() -> bool:
        told[:] = [await scrape(http, stack.url)]
        others = VIEWS.keys() - {POISONED}
        return all(
            told[0].value("tallystick_follower_position_total", follower=view) >= position
            and told[0].value("tallystick_follower_failed", follower=view) == 0
            for view in others
        )

    await eventually(others_are_there, "the other views go on")
    return told[0]


def _status(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What `tallystick status --json` says, with an exit code to match."""
    for variable, value in to_environment(stack.settings).items():
        monkeypatch.setenv(variable, value)
    result = CliRunner().invoke(main, ["status", "--json"])
    status: dict[str, Any] = msgspec.json.decode(result.stdout)
    assert result.exit_code == (0 if status["well"] else 1), result.output
    return status
