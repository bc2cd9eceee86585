"""How long a customer has depends on how they pay."""

from datetime import timedelta

import pytest

from domain.payment.action_window import ActionWindow
from domain.payment.method import MethodType
from tests.support.domain import NOW

WINDOW = ActionWindow(
    version="by-method:1",
    minutes={
        MethodType.CARD: 15,
        MethodType.WALLET: 30,
        MethodType.UPI_COLLECT: 5,
        MethodType.BANK_TRANSFER: 3 * 24 * 60,
    },
)


@pytest.mark.parametrize(
    ("method", "time"),
    [
        (MethodType.CARD, timedelta(minutes=15)),
        (MethodType.WALLET, timedelta(minutes=30)),
        (MethodType.UPI_COLLECT, timedelta(minutes=5)),
        (MethodType.BANK_TRANSFER, timedelta(days=3)),
    ],
)
def test_each_method_has_its_own_time(method: MethodType, time: timedelta) -> None:
    assert WINDOW.expiry(method, NOW) == NOW + time
