"""The simulator's connector keeps the contract of a provider, against the real simulator process."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import pytest

from domain.payment.method import MethodType, PaymentMethod
from infrastructure.provider.simulator.client import SimulatorProvider
from tests.infrastructure.provider.contract import Bench, ProviderContract
from tests.support.losing_proxy import losing_proxy
from tests.support.simulator import HOST, free_port, running_simulator

TIMEOUT_S = 0.8


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_simulator(tmp_path_factory.mktemp("simulator")) as url:
        yield url


class TestSimulatorProvider(ProviderContract):
    @pytest.fixture
    async def bench(self, base_url: str) -> AsyncIterator[Bench]:
        async with (
            losing_proxy(base_url) as proxy,
            aclosing(SimulatorProvider(proxy.url, timeout_s=TIMEOUT_S)) as provider,
            aclosing(SimulatorProvider(f"http://{HOST}:{free_port()}")) as unreachable,
        ):
            yield Bench(
                provider=provider,
                proxy=proxy,
                unreachable=unreachable,
                approved=card("tok_visa"),
                declined=card("tok_insufficient_funds"),
                declined_code="insufficient_funds",
            )


def card(token: str) -> PaymentMethod:
    return PaymentMethod(MethodType.CARD, token)
