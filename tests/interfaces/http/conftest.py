"""A second merchant, for what one merchant must never see of another."""

from collections.abc import AsyncIterator

import pytest

from application.access.merchant import Directory
from interfaces.runtime.supervisor import Stack
from tests.support.running import Merchant, merchant_in


@pytest.fixture
async def stranger(stack: Stack, directory: Directory) -> AsyncIterator[Merchant]:
    async with merchant_in(directory, stack.url, "A stranger") as made:
        yield made
