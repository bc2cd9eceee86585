"""A store, and connections to the test's own NATS."""

from collections.abc import AsyncIterator

import pytest

from infrastructure.embedded.nats import EmbeddedNats
from infrastructure.nats.bus import Bus
from infrastructure.postgres.event_store.store import PostgresEventStore
from tests.infrastructure.nats.wiring import connected
from tests.support.store import open_store


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[PostgresEventStore]:
    async with open_store(database_url) as opened:
        yield opened


@pytest.fixture
async def relays_bus(nats: EmbeddedNats) -> AsyncIterator[Bus]:
    """As the user that may publish."""
    async with connected(nats.url) as opened:
        yield opened


@pytest.fixture
async def bus(nats: EmbeddedNats) -> AsyncIterator[Bus]:
    """As the user that may listen."""
    async with connected(nats.reader_url) as opened:
        yield opened
