"""The table of wrong answers, in this dialect's words."""

import pytest

from tests.infrastructure.provider.checkout.dialect import CheckoutDialect
from tests.infrastructure.provider.wrong_answers import WrongAnswers


class TestCheckout(WrongAnswers):
    @pytest.fixture
    def dialect(self) -> CheckoutDialect:
        return CheckoutDialect()
