"""The table of wrong answers, in this dialect's words."""

import pytest

from tests.infrastructure.provider.stripe.dialect import StripeDialect
from tests.infrastructure.provider.wrong_answers import WrongAnswers


class TestStripe(WrongAnswers):
    @pytest.fixture
    def dialect(self) -> StripeDialect:
        return StripeDialect()
