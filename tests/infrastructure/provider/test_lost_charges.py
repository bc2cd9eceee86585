"""Providers without a list find a charge that a restored store has lost by the id that its retry derives again."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Final, NamedTuple

import aiohttp
import pytest

from application.payment.lost_charges import ChargeUncertain
from domain.identifiers import ProviderName
from domain.payment.events import CaptureMethod
from domain.payment.state import Captured
from infrastructure.provider.aps.client import ApsProvider
from infrastructure.provider.checkout.client import CheckoutProvider
from tests.application.shop import Shop, a_caller, payment_id_of
from tests.infrastructure.provider.aps.test_contract import CREDENTIALS
from tests.support.domain import NOW
from tests.support.losing_proxy import LosingProxy, losing_proxy
from tests.support.routing import SOUTH
from tests.support.simulator import running_simulator
from tests.support.store import open_store

UNLISTED: Final = ProviderName("unlisted")


class Without(NamedTuple):
    """A provider without a list, and the way to it."""

    provider: ApsProvider | CheckoutProvider
    proxy: LosingProxy
    books_url: str

    async def charges(self) -> int:
        async with aiohttp.ClientSession() as http, http.get(self.books_url) as reply:
            return len((await reply.json())["charges"])


@pytest.fixture(scope="module", params=["aps", "checkout"])
def dialect(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    with running_simulator(tmp_path_factory.mktemp("simulator")) as url:
        yield request.param, url


@pytest.fixture
async def unlisted(dialect: tuple[str, str]) -> AsyncIterator[Without]:
    name, url = dialect
    async with losing_proxy(url, hangs_up=True) as proxy:
        made: ApsProvider | CheckoutProvider = (
            ApsProvider(f"{proxy.url}/aps", CREDENTIALS, timeout_s=5.0)
            if name == "aps"
            else CheckoutProvider(f"{proxy.url}/checkout", "sk_1", timeout_s=5.0)
        )
        async with aclosing(made) as provider:
            yield Without(provider, proxy, f"{url}/v1/books?limit=1000")


@pytest.mark.parametrize("method", list(CaptureMethod))
async def test_a_retry_that_is_routed_elsewhere_finds_its_charge(
    database_url: str, other_database_url: str, unlisted: Without, method: CaptureMethod
) -> None:
    key = a_caller(f"order-{method}")
    async with open_store(database_url) as lost, open_store(other_database_url) as restored:
        first = await Shop(lost, UNLISTED, at={UNLISTED: unlisted.provider}).create(caller=key, method=method)
        made = await unlisted.charges()
        shop = Shop(restored, SOUTH, UNLISTED, unlisted=(UNLISTED,), at={UNLISTED: unlisted.provider})
        shop.pins.reopened_at = NOW
        with unlisted.proxy.losing(), pytest.raises(ChargeUncertain):
            await shop.create(caller=key, method=method)
        again = await shop.create(caller=key, method=method)
        assert payment_id_of(again) == payment_id_of(first)
        assert (await unlisted.charges(), shop.provider.charges) == (made, 0)
        payment = await shop.payment(payment_id_of(again))
        assert isinstance(payment, Captured) == (method is CaptureMethod.AUTOMATIC)
        await shop.create(caller=a_caller(f"new-{method}"), method=method)
        assert (await unlisted.charges(), shop.provider.charges) == (made, 1)
