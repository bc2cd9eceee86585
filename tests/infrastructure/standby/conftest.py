"""Servers as they are outside of tests."""

from collections.abc import Iterator

import pytest

from tests.support.quick_servers import servers_as_ever


@pytest.fixture(scope="package", autouse=True)
def _servers_as_ever() -> Iterator[None]:
    with servers_as_ever():
        yield
