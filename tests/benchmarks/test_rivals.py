"""Each part of `rivals` leaves a captured payment with balanced legs and an answered key."""

import asyncio
from pathlib import Path

import msgspec
import psycopg
import pytest

from domain.ledger.entry import JournalEntryPosted
from domain.payment.events import PaymentCaptured
from tests.benchmarks.rival import environment
from tests.benchmarks.rival.crud import TABLES, crud_payments
from tests.benchmarks.rival.own import own_payments
from tests.benchmarks.systems import CannotRun
from tests.support.store import as_owner, everything, execute, open_store

PAYMENTS = 5


async def test_ours_is_captured_booked_and_answered(database_url: str) -> None:
    async with own_payments(database_url, "nats://127.0.0.1:1") as pay:
        await asyncio.gather(*(pay() for _ in range(PAYMENTS)))
    async with open_store(database_url) as store:
        recorded = [event.event.data for event in await everything(store)]
    assert sum(isinstance(event, PaymentCaptured) for event in recorded) == PAYMENTS
    assert sum(isinstance(event, JournalEntryPosted) for event in recorded) >= PAYMENTS
    bodies = execute(database_url, "SELECT body FROM operation_claim WHERE NOT unresolved AND status = 201")
    assert [msgspec.json.decode(body)["status"] for (body,) in bodies] == ["captured"] * PAYMENTS


async def test_rows_by_hand_are_captured_booked_and_answered(database_url: str) -> None:
    url = as_owner(database_url)
    with psycopg.connect(url) as connection:
        connection.execute(TABLES)
    async with crud_payments(url, connections=2) as pay:
        await asyncio.gather(*(pay() for _ in range(PAYMENTS)))
    assert execute(database_url, "SELECT status, count(*) FROM payment GROUP BY 1") == [("captured", PAYMENTS)]
    legs = execute(database_url, "SELECT sum(signed_minor), count(*) FROM leg GROUP BY payment_id")
    assert legs == [(0, 3)] * PAYMENTS
    answered = execute(database_url, "SELECT answer ->> 'status', status FROM idempotency_key")
    assert answered == [("captured", 201)] * PAYMENTS


def test_rivals_that_cannot_be_installed_are_a_clear_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "FOLDER", tmp_path / "rivals")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    with pytest.raises(CannotRun, match="could not be had from PyPI"):
        environment.rivals_python()
