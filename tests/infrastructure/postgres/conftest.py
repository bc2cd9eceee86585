"""A committer and a store on the test's own database."""

from collections.abc import AsyncIterator, Iterator

import pytest
from eventsourcing.postgres import PostgresDatastore
from psycopg.conninfo import conninfo_to_dict

from infrastructure.postgres.event_store.committer import Committer
from infrastructure.postgres.event_store.store import PostgresEventStore
from tests.support.store import open_committer, open_store


@pytest.fixture
async def committer(database_url: str) -> AsyncIterator[Committer]:
    async with open_committer(database_url) as opened:
        yield opened


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[PostgresEventStore]:
    async with open_store(database_url) as opened:
        yield opened


@pytest.fixture
def datastore(owner_url: str) -> Iterator[PostgresDatastore]:
    """The library's, which writes without our function, and so as the owner."""
    with datastore_of(owner_url) as opened:
        yield opened


def datastore_of(database_url: str) -> PostgresDatastore:
    """The library's connections to a database, enough for its concurrent test cases."""
    parts = conninfo_to_dict(database_url)
    return PostgresDatastore(
        dbname=str(parts["dbname"]),
        host=str(parts["host"]),
        port=str(parts["port"]),
        user=str(parts["user"]),
        password=str(parts["password"]),
        pool_size=2,
        max_overflow=8,
    )
