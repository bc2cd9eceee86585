"""A shop on the test's own database."""

from collections.abc import AsyncIterator

import pytest

from tests.application.shop import Shop
from tests.support.store import open_store


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    async with open_store(database_url) as store:
        opened = Shop(store)
        yield opened
        await opened.payments.aclose()
        await opened.recovery.aclose()
