"""The command line against the test's own database, with NATS away: no tool here needs it."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from interfaces import ids
from interfaces.cli.main import main
from interfaces.runtime.settings import VARIABLES
from tests.projections.histories import HISTORIES, recorded_history
from tests.support.store import append_all, open_store

Run = Callable[..., Result]

PAYMENTS = ("refunded", "authorized", "dispute lost", "created")


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `tallystick` with the given arguments."""
    monkeypatch.setenv(VARIABLES["database_url"], database_url)
    monkeypatch.setenv(VARIABLES["nats_url"], "nats://127.0.0.1:1")
    monkeypatch.delenv("TALLYSTICK_OPERATOR", raising=False)

    def run_main(*arguments: str) -> Result:
        return CliRunner().invoke(main, arguments)

    return run_main


@pytest.fixture
def status_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """For `tallystick status` where nothing moves, and no relay is heard: neither is waited for."""
    monkeypatch.setattr("interfaces.cli.status.SAMPLE_S", 0.01)
    monkeypatch.setattr("interfaces.cli.status.RELAY_LOOKS_MAX", 1)


@pytest.fixture
async def payments(database_url: str) -> list[str]:
    """Stores some payments, and names them as a merchant would."""
    names = []
    async with open_store(database_url) as store:
        for history in PAYMENTS:
            payment_id = uuid4()
            await append_all(store, recorded_history(payment_id, HISTORIES[history]))
            names.append(ids.text_of(ids.PAYMENT, payment_id))
    return names
