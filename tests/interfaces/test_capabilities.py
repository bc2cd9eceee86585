"""What capabilities offer: every part that a route takes, and nothing twice."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from litestar.testing import AsyncTestClient
from msgspec.structs import replace

from application.payout.commands import Payouts
from interfaces.composition.capability import NameTaken, merged
from interfaces.http.server.app import CONTROLLERS, create_app
from interfaces.http.server.parts import PartMissing, kinds_taken
from interfaces.http.server.services import Services
from tests.interfaces.http.test_ambiguity import Untouched, services


async def start_with(parts: dict[str, Any]) -> None:
    @asynccontextmanager
    async def offering() -> AsyncIterator[Services]:
        async with services() as complete:
            yield replace(complete, parts={**complete.parts, **parts})

    async with AsyncTestClient(create_app(offering)):
        pass


async def test_the_api_starts_with_every_part_that_a_route_takes() -> None:
    assert dict(kinds_taken(CONTROLLERS))["payouts"] is Payouts
    await start_with({})


@pytest.mark.parametrize("offered", [None, Untouched(str)], ids=["missing", "of another type"])
async def test_the_api_does_not_start_without_a_part_that_a_route_takes(offered: object) -> None:
    said = "a route takes the part 'payouts', and no capability offers a Payouts of that name"
    with pytest.RaisesGroup(pytest.RaisesExc(PartMissing, match=f"^{re.escape(said)}$"), flatten_subgroups=True):
        await start_with({"payouts": offered})


def test_no_capability_takes_the_place_of_another() -> None:
    assert merged([{"a": 1}, {}, {"b": 2}]) == {"a": 1, "b": 2}
    with pytest.raises(NameTaken, match=r"^two capabilities offer b$"):
        merged([{"a": 1, "b": 2}, {"b": 3}])
