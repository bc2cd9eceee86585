"""A closed store takes no command over any route, answers questions, and keeps what providers tell."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from litestar.testing import AsyncTestClient

from application.write.gate import StoreClosed
from interfaces.http.server.app import create_app
from interfaces.http.server.services import Services
from tests.interfaces.http.test_ambiguity import ROUTES, OneKey, Route, untouched

CLOSED = StoreClosed(since=datetime(2026, 11, 27, 9, 30, tzinfo=UTC), because="the store was restored")
OF_PROVIDERS = {"receive_provider_webhook"}


class ClosedGate:
    """Implements application.write.gate.Gate, as far as requests ask it."""

    closed = CLOSED

    def require_open(self) -> None:
        raise CLOSED


class Answering:
    """A store that answers."""

    async def head(self) -> int:
        return 1


@asynccontextmanager
async def services() -> AsyncIterator[Services]:
    async def yes() -> bool:
        return True

    closed = {
        "has_room": yes,
        "has_standby": yes,
        "gate": ClosedGate(),
        "store": Answering(),
        "is_bus_connected": lambda: True,
    }
    yield Services(**untouched() | {"keys": OneKey(), "operators": OneKey()} | closed)


@pytest.fixture(scope="module")
async def api() -> AsyncIterator[AsyncTestClient[Any]]:
    async with AsyncTestClient(create_app(services)) as client:
        yield client


def is_command(route: Route) -> bool:
    return route.method != "get" and route.operation not in OF_PROVIDERS


@pytest.mark.parametrize("route", [route for route in ROUTES if is_command(route)], ids=lambda route: route.operation)
async def test_no_route_takes_a_command(api: AsyncTestClient[Any], route: Route) -> None:
    reply = await route.send(api, text="{}")
    problem = reply.json()
    assert (reply.status_code, problem["type"]) == (503, "urn:tallystick:problem:store_closed"), route
    assert problem["detail"].startswith("No commands are taken since 2026-11-27T09:30:00Z, because the store was res")
    assert int(reply.headers["Retry-After"]) >= 1


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if not is_command(route)], ids=lambda route: route.operation
)
async def test_questions_and_providers_are_let_through(api: AsyncTestClient[Any], route: Route) -> None:
    reply = await route.send(api)
    assert "store_closed" not in reply.text, route


async def test_readiness_says_since_when_and_why(api: AsyncTestClient[Any]) -> None:
    reply = await api.get("/health/ready")
    assert (reply.status_code, reply.json()) == (
        200,
        {
            "status": "closed",
            "database": True,
            "bus": True,
            "closed_since": "2026-11-27T09:30:00Z",
            "closed_because": "the store was restored",
        },
    )
