"""The provider of these tests keeps the contract that the real connector keeps."""

import pytest

from domain.payment.method import MethodType, PaymentMethod
from tests.infrastructure.provider.contract import Bench, ProviderContract
from tests.support.provider import DECLINING, ScriptedProvider


class TestScriptedProvider(ProviderContract):
    @pytest.fixture
    def bench(self) -> Bench:
        provider = ScriptedProvider()
        return Bench(
            provider=provider,
            proxy=provider,
            unreachable=ScriptedProvider(unreachable=True),
            approved=card("tok_visa"),
            declined=card(DECLINING),
            declined_code="card_declined",
        )


def card(token: str) -> PaymentMethod:
    return PaymentMethod(MethodType.CARD, token)
