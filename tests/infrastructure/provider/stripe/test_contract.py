"""The Stripe connector keeps the port's promise, against localstripe and through a proxy that loses answers."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from domain.payment.method import MethodType, PaymentMethod
from infrastructure.provider.stripe.client import StripeProvider
from tests.infrastructure.provider.contract import Bench, ProviderContract
from tests.support.localstripe import APPROVED, DECLINED, SECRET_KEY
from tests.support.losing_proxy import losing_proxy
from tests.support.simulator import HOST, free_port

TIMEOUT_S = 0.8


class TestStripeProvider(ProviderContract):
    @pytest.fixture
    async def bench(self, stripe_url: str) -> AsyncIterator[Bench]:
        async with (
            losing_proxy(stripe_url) as proxy,
            aclosing(StripeProvider(proxy.url, SECRET_KEY, timeout_s=TIMEOUT_S)) as provider,
            aclosing(StripeProvider(f"http://{HOST}:{free_port()}", SECRET_KEY)) as unreachable,
        ):
            yield Bench(
                provider=provider,
                proxy=proxy,
                unreachable=unreachable,
                approved=PaymentMethod(MethodType.CARD, APPROVED),
                declined=PaymentMethod(MethodType.CARD, DECLINED),
                declined_code="card_declined",
                idempotent=False,
                bounded=False,
                remembers_refusals=False,
            )
