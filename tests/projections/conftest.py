"""The store and the views' connection of the test's own database."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from infrastructure.postgres.event_store.store import PostgresEventStore
from tests.support.store import open_store, open_views


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[PostgresEventStore]:
    async with open_store(database_url) as opened:
        yield opened


@pytest.fixture
async def views(database_url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    async with open_views(database_url) as connection:
        yield connection
