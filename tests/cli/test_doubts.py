"""`tallystick doubts`: what is in doubt is listed and shown, and an operator's word about it is on record as theirs."""

import asyncio
from uuid import UUID, uuid4

import msgspec
import pytest

from application.payment.loaded import load
from application.terms.policies import in_doubt_after
from domain.identifiers import PaymentId
from domain.payment.doubt import doubt
from domain.payment.state import Authorized, Failed, InFlight
from interfaces import ids
from tests.cli.conftest import Run
from tests.support.domain import (
    ATTEMPT,
    NOW,
    UNKNOWN,
    History,
    attempt_answered,
    payment_of,
    processing,
    then_,
)
from tests.support.store import execute, open_store, store_in_flight


@pytest.fixture
async def payment_id(database_url: str) -> PaymentId:
    """A payment whose attempt is in doubt, at a provider that is not configured here."""
    unknown = then_(processing(), attempt_answered(UNKNOWN))
    return await stored(database_url, unknown + in_doubt(unknown))


def in_doubt(history: History) -> History:
    payment = payment_of(history)
    assert isinstance(payment, InFlight)
    return doubt(payment, in_doubt_after(1), asked_at=NOW, now=NOW.replace(year=2027))


async def stored(database_url: str, history: History) -> PaymentId:
    async with open_store(database_url) as store:
        return await store_in_flight(store, history)


def text_of(payment_id: UUID) -> str:
    return ids.text_of(ids.PAYMENT, payment_id)


async def test_a_doubt_is_listed_and_shown_with_the_key_that_the_provider_has(run: Run, payment_id: PaymentId) -> None:
    listed = await asyncio.to_thread(run, "doubts", "list", "--json")
    [told] = [msgspec.json.decode(line) for line in listed.stdout.splitlines()]
    assert (told["payment_id"], told["provider"], told["in_doubt"]) == (text_of(payment_id), "northbank", True)
    table = await asyncio.to_thread(run, "doubts", "list")
    shown = await asyncio.to_thread(run, "doubts", "show", text_of(payment_id))
    for printed in (table.stdout, shown.stdout):
        assert "northbank" in printed
        assert told["reason"] in printed
    assert str(ATTEMPT) in shown.stdout


@pytest.mark.parametrize(
    ("options", "stage", "says"),
    [
        (("--outcome", "approved", "--reference", "ch_found"), Authorized, "authorized"),
        (("--outcome", "declined", "--code", "card_declined", "--reason", "No such charge."), Failed, "failed"),
    ],
    ids=["approved", "declined"],
)
async def test_an_operator_settles_it_by_the_providers_records(
    run: Run, database_url: str, payment_id: PaymentId, options: tuple[str, ...], stage: type[object], says: str
) -> None:
    settled = await asyncio.to_thread(run, "doubts", "settle", text_of(payment_id), *options, "--as", "anna")
    assert settled.exit_code == 0, settled.output
    assert f"{text_of(payment_id)} is {says}." in settled.stdout
    async with open_store(database_url) as store:
        assert isinstance((await load(store, payment_id)).payment, stage)
        assert (await store.history(payment_id))[-1].event.actor == "operator:anna@cli"
    assert "Nothing is in doubt." in (await asyncio.to_thread(run, "doubts", "list")).stdout
    shown = await asyncio.to_thread(run, "doubts", "show", text_of(payment_id))
    assert "Every operation of the payment has its outcome." in shown.stdout
    again = await asyncio.to_thread(run, "doubts", "settle", text_of(payment_id), *options)
    assert again.exit_code == 1
    assert "has an unknown outcome" in again.output


async def test_a_provider_that_does_not_answer_leaves_it_in_doubt(
    run: Run, database_url: str, payment_id: PaymentId
) -> None:
    asked = await asyncio.to_thread(run, "doubts", "ask", text_of(payment_id))
    assert asked.exit_code == 1
    assert "the outcome is still unknown" in asked.output
    async with open_store(database_url) as store:
        assert isinstance((await load(store, payment_id)).payment, InFlight)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--outcome", "approved"),
        ("--outcome", "declined"),
        ("--outcome", "declined", "--reason", "no", "--code", "because"),
        ("--outcome", "lost"),
    ],
    ids=["no reference", "no reason", "no such code", "no such outcome"],
)
def test_what_cannot_be_an_outcome_is_refused(run: Run, arguments: tuple[str, ...]) -> None:
    assert run("doubts", "settle", text_of(uuid4()), *arguments).exit_code == 2


def test_what_is_no_payment_is_refused(run: Run) -> None:
    assert run("doubts", "show", "ch_1").exit_code == 2
    assert run("doubts", "show", text_of(uuid4())).exit_code == 1


async def test_what_is_being_asked_right_now_is_not_settled_and_says_for_how_long(
    run: Run, database_url: str, payment_id: PaymentId
) -> None:
    execute(database_url, "UPDATE operation_claim SET asked_until = now() + interval '35 seconds'")
    settle = ("doubts", "settle", text_of(payment_id), "--outcome", "approved", "--reference", "ch_found")
    refused = await asyncio.to_thread(run, *settle)
    assert refused.exit_code == 1
    assert "is being asked for the operation right now; try again in 3" in refused.stderr
    execute(database_url, "UPDATE operation_claim SET asked_until = now()")
    assert (await asyncio.to_thread(run, *settle)).exit_code == 0
