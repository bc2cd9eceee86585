"""One simulator for all tests that do not kill it, and a client to it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.infrastructure.simulator.api import Api
from tests.support.simulator import running_simulator

SLOW_S = 0.2


@pytest.fixture(scope="session")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = tmp_path_factory.mktemp("simulator")
    environment = {
        "TALLYSTICK_SIMULATOR_SLOW_S": str(SLOW_S),
        "TALLYSTICK_SIMULATOR_CUSTOMER_ACTS_AFTER_S": "0.05",
    }
    with running_simulator(data, **environment) as url:
        yield url


@pytest.fixture
async def api(base_url: str) -> AsyncIterator[Api]:
    api = Api(base_url)
    yield api
    await api.aclose()
