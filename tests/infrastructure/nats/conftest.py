"""A store, and a connection to the test's own NATS."""

from collections.abc import AsyncIterator

import pytest

from infrastructure.embedded.nats import EmbeddedNats
from infrastructure.nats.bus import Bus
from infrastructure.postgres.store import PostgresEventStore
from tests.infrastructure.nats.stream import connected
from tests.support.store import open_store


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[PostgresEventStore]:
    async with open_store(database_url) as opened:
        yield opened


@pytest.fixture
async def bus(nats: EmbeddedNats) -> AsyncIterator[Bus]:
    async with connected(nats.url) as opened:
        yield opened
