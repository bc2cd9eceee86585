"""One running system for all tests of this folder, one merchant, and each provider in turn."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from interfaces.composition import Core
from tests.interfaces.dialects.fakes import Fake, Simulated
from tests.interfaces.dialects.shop import Shop
from tests.interfaces.dialects.system import SIMULATED, System, running_system
from tests.support.running import merchant_in


@pytest.fixture(scope="package")
async def system(session_folder: Path) -> AsyncIterator[System]:
    async with running_system(session_folder / "dialects-home") as running:
        yield running


@pytest.fixture(scope="package")
async def shop(system: System) -> AsyncIterator[Shop]:
    """The same for all: at the end its payments are held against the providers' books."""
    async with Core(system.settings) as core, merchant_in(core.access.directory, system.url) as merchant:
        yield Shop(merchant)


@pytest.fixture(params=["stripe", *SIMULATED])
def fake(system: System, request: pytest.FixtureRequest) -> Fake:
    """Every provider in turn."""
    return system.fakes[request.param]


@pytest.fixture
def checkout(system: System) -> Simulated:
    return simulated(system, "checkout")


@pytest.fixture
def aps(system: System) -> Simulated:
    return simulated(system, "aps")


def simulated(system: System, name: str) -> Simulated:
    fake = system.fakes[name]
    assert isinstance(fake, Simulated)
    return fake


@pytest.fixture
def fakes(system: System) -> Mapping[str, Fake]:
    return system.fakes
