"""One running system for all tests of the interfaces, and a new merchant for each."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from application.access.merchant import Directory
from infrastructure.postgres.access.directory import PostgresDirectory
from infrastructure.postgres.connection.pool import ReadPool
from interfaces.runtime.supervisor import Stack
from tests.support.running import Merchant, merchant_in, running_stack

PROVIDER_TIMEOUT_S = 1.6
"""Longer than a repeat waits for the first answer under its key, so that a test can see one that is in flight."""


@pytest.fixture(scope="package")
def stack(session_folder: Path) -> Iterator[Stack]:
    with running_stack(session_folder / "interfaces-home", provider_timeout_s=PROVIDER_TIMEOUT_S) as running:
        yield running


@pytest.fixture(scope="package")
async def directory(stack: Stack) -> AsyncIterator[Directory]:
    """The merchants and keys of the running system."""
    pool = ReadPool(stack.settings.database_url)
    await pool.open()
    yield PostgresDirectory(pool)
    await pool.aclose()


@pytest.fixture
async def merchant(stack: Stack, directory: Directory) -> AsyncIterator[Merchant]:
    async with merchant_in(directory, stack.url) as made:
        yield made
