"""`tallystick disputes`: what an operator sees, and records where no notification does."""

import asyncio
from uuid import uuid4

import msgspec
import pytest

from application.write.recording import record_all
from application.write.store import Append
from domain.identifiers import PaymentId
from interfaces import ids
from projections.dispute.disputes import DISPUTES
from tests.cli.conftest import Run
from tests.support.domain import MERCHANT, captured
from tests.support.store import CAUSE, RECORDED_AT, advanced, everything, open_store, open_views


async def take_in(database_url: str) -> None:
    """What the worker's projector would have done."""
    async with open_store(database_url) as store, open_views(database_url) as views:
        await advanced(views, DISPUTES, await everything(store))


@pytest.fixture
async def payment(database_url: str) -> str:
    """A payment of 100.00 EUR that was captured."""
    payment_id = PaymentId(uuid4())
    async with open_store(database_url) as store:
        recorded = record_all(payment_id, 0, captured(), merchant_id=MERCHANT, cause=CAUSE, now=RECORDED_AT)
        await store.append(Append(events=recorded))
    return ids.text_of(ids.PAYMENT, payment_id)


def test_a_dispute_is_opened_shown_and_ruled_by_hand(run: Run, payment: str) -> None:
    opened = run(
        *("disputes", "open", payment, "--dispute-id", "CB-2026-11", "--amount", "4000"),
        *("--reason", "not_received", "--network", "amex", "--due", "2027-01-15", "--as", "Anna"),
    )
    assert opened.exit_code == 0, opened.output
    dispute = msgspec.json.decode(opened.output)
    assert (dispute["status"], dispute["amount"], dispute["network"]) == ("needs_response", 4_000, "amex")
    assert dispute["merchant_id"]
    shown = run("disputes", "show", dispute["dispute_id"])
    assert msgspec.json.decode(shown.output) == dispute
    ruled = run("disputes", "rule", dispute["dispute_id"], "lost", "--as", "Anna")
    assert msgspec.json.decode(ruled.output)["status"] == "lost"


def test_the_same_dispute_is_one_and_one_that_differs_is_refused(run: Run, payment: str) -> None:
    opening = ("disputes", "open", payment, "--dispute-id", "CB-9", "--reason", "not_received")
    first, again = run(*opening, "--amount", "4000"), run(*opening, "--amount", "4000")
    assert (again.exit_code, again.output) == (0, first.output)
    other = run(*opening, "--amount", "5000")
    assert other.exit_code == 1
    assert "The dispute CB-9 is on record with another amount: 40.00 EUR, not 50.00 EUR." in other.output


def test_a_claim_beyond_the_payment_is_booked_amended_and_won_in_part(run: Run, payment: str) -> None:
    opened = run("disputes", "open", payment, "--dispute-id", "CB-8", "--amount", "12000")
    dispute = msgspec.json.decode(opened.output)
    assert dispute["booked"] == {"frozen": 10_000, "excess": 2_000, "currency": "EUR", "borne_by": "owed"}
    amended = run("disputes", "amend", dispute["dispute_id"], "--amount", "9000")
    assert msgspec.json.decode(amended.output)["booked"]["excess"] == 0
    assert run("disputes", "rule", dispute["dispute_id"], "partially_won").exit_code == 2
    ruled = run("disputes", "rule", dispute["dispute_id"], "partially_won", "--lost", "3000")
    decided = msgspec.json.decode(ruled.output)
    assert (decided["status"], decided["amount"], decided["lost"]) == ("partially_won", 9_000, 3_000)
    late = run("disputes", "amend", dispute["dispute_id"], "--amount", "8000")
    assert late.exit_code == 1
    assert "You cannot amend a dispute that is partially_won." in late.output


async def test_disputes_are_listed(run: Run, payment: str, database_url: str) -> None:
    def listed(*arguments: str) -> str:
        return run("disputes", "list", *arguments).output

    await take_in(database_url)
    assert (await asyncio.to_thread(listed)) == "There are none.\n"
    await asyncio.to_thread(run, "disputes", "open", payment, "--dispute-id", "CB-1", "--amount", "100")
    await asyncio.to_thread(
        run, "disputes", "open", payment, "--dispute-id", "CB-2", "--amount", "200", "--kind", "inquiry"
    )
    await take_in(database_url)
    lines = [msgspec.json.decode(line) for line in (await asyncio.to_thread(listed, "--json")).splitlines()]
    assert [(line["provider_dispute_id"], line["kind"]) for line in lines] == [
        ("CB-2", "inquiry"),
        ("CB-1", "chargeback"),
    ]
    assert "needs_response" in await asyncio.to_thread(listed, "--status", "needs_response")
    assert await asyncio.to_thread(listed, "--status", "won") == "There are none.\n"


async def test_the_view_is_rebuilt_as_it_was(run: Run, payment: str, database_url: str) -> None:
    await asyncio.to_thread(run, "disputes", "open", payment, "--dispute-id", "CB-1")
    await take_in(database_url)
    rebuilt = await asyncio.to_thread(run, "rebuild", "disputes")
    assert (rebuilt.exit_code, "disputes: no differences" in rebuilt.output) == (0, True), rebuilt.output


def test_a_dispute_whose_time_is_over_is_not_opened(run: Run, payment: str) -> None:
    late = run("disputes", "open", payment, "--dispute-id", "CB-1", "--due", "2020-01-15")
    assert (late.exit_code, "--due: it is over already" in late.output) == (2, True), late.output
    assert run("disputes", "list").output == "There are none.\n"


async def test_a_listed_id_is_whole(run: Run, payment: str, database_url: str) -> None:
    opened = await asyncio.to_thread(run, "disputes", "open", payment, "--dispute-id", "CB-1")
    await take_in(database_url)
    dispute_id = msgspec.json.decode(opened.output)["dispute_id"]
    assert dispute_id in (await asyncio.to_thread(run, "disputes", "list")).output


def test_what_cannot_be_disputed_is_told_clearly(run: Run, payment: str) -> None:
    nowhere = run("disputes", "open", ids.text_of(ids.PAYMENT, uuid4()), "--dispute-id", "CB-1")
    assert nowhere.exit_code == 1
    assert "no payment with this id" in nowhere.output
    assert run("disputes", "show", "dp_nonsense").exit_code == 2
    assert run("disputes", "show", ids.text_of(ids.DISPUTE, uuid4())).exit_code == 1
    opened = run("disputes", "open", payment, "--dispute-id", "CB-1", "--kind", "inquiry")
    lost = run("disputes", "rule", msgspec.json.decode(opened.output)["dispute_id"], "lost")
    assert (lost.exit_code, "inquiry" in lost.output) == (1, True)
