"""The table of wrong answers, in this dialect's words."""

import pytest

from tests.infrastructure.provider.simulator.dialect import SimulatorDialect
from tests.infrastructure.provider.wrong_answers import WrongAnswers


class TestSimulator(WrongAnswers):
    @pytest.fixture
    def dialect(self) -> SimulatorDialect:
        return SimulatorDialect()
