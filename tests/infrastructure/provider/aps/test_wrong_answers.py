"""The table of wrong answers, in this dialect's words."""

import pytest

from tests.infrastructure.provider.aps.dialect import ApsDialect
from tests.infrastructure.provider.wrong_answers import WrongAnswers


class TestAps(WrongAnswers):
    @pytest.fixture
    def dialect(self) -> ApsDialect:
        return ApsDialect()
