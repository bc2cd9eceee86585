"""One running system for all tests of the interfaces, and a new merchant for each."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from interfaces.stack import Stack
from tests.support.running import Merchant, merchant_of, running_stack


@pytest.fixture(scope="session")
def stack(session_folder: Path) -> Iterator[Stack]:
    with running_stack(session_folder / "interfaces-home") as running:
        yield running


@pytest.fixture
async def merchant(stack: Stack) -> AsyncIterator[Merchant]:
    async with merchant_of(stack) as made:
        yield made
