"""The provider of these tests keeps the contract that the real connector keeps."""

import pytest

from domain.payment.method import MethodType, PaymentMethod
from tests.infrastructure.provider.contract import Bench, ProviderContract
from tests.support.provider import CAPTURE_TIMING_OUT, DECLINING, REFUND_TIMING_OUT, TIMING_OUT, ScriptedProvider


class TestScriptedProvider(ProviderContract):
    @pytest.fixture
    def bench(self) -> Bench:
        return Bench(
            provider=ScriptedProvider(),
            unreachable=ScriptedProvider(unreachable=True),
            approved=card("tok_visa"),
            declined=card(DECLINING),
            declined_code="card_declined",
            authorize_times_out=card(TIMING_OUT),
            capture_times_out=card(CAPTURE_TIMING_OUT),
            refund_times_out=card(REFUND_TIMING_OUT),
        )


def card(token: str) -> PaymentMethod:
    return PaymentMethod(MethodType.CARD, token)
