"""`tallystick dead-letters` and `tallystick operator`: what an operator can do without the API."""

import asyncio
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from application.access.merchant import digest
from application.dead_letter.commands import DeadLetters
from domain.dead_letter.events import DeadLetterKind
from domain.dead_letter.state import letter_id_for
from domain.identifiers import PLATFORM, DeadLetterId, ProviderName
from interfaces import ids
from projections.dead_letter.dead_letters import DEAD_LETTERS
from tests.cli.conftest import Run
from tests.support.store import CAUSE, RECORDED_AT, advanced, everything, execute, open_store, open_views

SUBJECT = str(uuid4())


async def take_in(database_url: str) -> None:
    """What the worker's projector would have done."""
    async with open_store(database_url) as store, open_views(database_url) as views:
        await advanced(views, DEAD_LETTERS, await everything(store))


@pytest.fixture
async def letter(database_url: str) -> str:
    """A delivery that was given up, as an operator would name its letter."""
    async with open_store(database_url) as store:
        await DeadLetters(store=store, retriers={}, now=lambda: RECORDED_AT).record(
            kind=DeadLetterKind.WEBHOOK,
            subject=SUBJECT,
            merchant_id=PLATFORM,
            payment_id=None,
            provider=ProviderName("northbank"),
            reason="it cannot be read: [bold]no[/bold]",
            cause=CAUSE,
        )
    execute(
        database_url,
        "INSERT INTO webhook_delivery (delivery_id, provider, received_at, headers, body, body_sha256, state) "
        "VALUES (%s, 'northbank', now(), '{}', '\\xff', '', 'dead')",
        SUBJECT,
    )
    await take_in(database_url)
    return ids.text_of(ids.DEAD_LETTER, DeadLetterId(letter_id_for(DeadLetterKind.WEBHOOK, SUBJECT)))


def shown(run: Run, letter: str) -> dict[str, Any]:
    result = run("dead-letters", "show", letter)
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = msgspec.json.decode(result.stdout)
    return told


def test_there_are_none_at_first(run: Run) -> None:
    assert run("dead-letters", "list").stdout == "There are none.\n"


async def test_letters_are_listed_with_their_reason_as_it_is(run: Run, letter: str) -> None:
    listed = await asyncio.to_thread(run, "dead-letters", "list", "--state", "open", "--kind", "webhook")
    assert letter in listed.stdout
    assert "[bold]" in listed.stdout
    assert (await asyncio.to_thread(run, "dead-letters", "list", "--kind", "timer")).stdout == "There are none.\n"
    as_json = await asyncio.to_thread(run, "dead-letters", "list", "--json")
    assert msgspec.json.decode(as_json.stdout)["dead_letter_id"] == letter


async def test_a_letter_is_shown_with_its_delivery(run: Run, letter: str) -> None:
    told = await asyncio.to_thread(shown, run, letter)
    assert told["dead_letter"]["state"] == "open"
    assert (told["delivery"]["body"], told["delivery"]["body_encoding"]) == ("/w==", "base64")


async def test_a_retry_puts_the_delivery_back_in_line(run: Run, letter: str, database_url: str) -> None:
    result = await asyncio.to_thread(run, "dead-letters", "retry", letter, "--as", "anna")
    assert result.exit_code == 0, result.output
    assert execute(database_url, "SELECT state, tries, was_dead FROM webhook_delivery") == [("waiting", 0, True)]
    await take_in(database_url)
    told = (await asyncio.to_thread(shown, run, letter))["dead_letter"]
    assert (told["state"], told["retries"], told["last_actor"]) == ("retrying", 1, "operator:anna@cli")


async def test_a_letter_is_closed_once_and_for_a_reason(run: Run, letter: str, database_url: str) -> None:
    empty = await asyncio.to_thread(run, "dead-letters", "close", letter, "--reason", " ")
    assert (empty.exit_code, empty.stderr) == (1, "Error: Say why nothing more is to be done about it.\n")
    closed = await asyncio.to_thread(run, "dead-letters", "close", letter, "--reason", "a test of theirs")
    assert closed.exit_code == 0, closed.output
    again = await asyncio.to_thread(run, "dead-letters", "close", letter, "--reason", "again")
    assert (again.exit_code, again.stderr) == (1, "Error: It is closed already; there is nothing left to close.\n")
    await take_in(database_url)
    told = (await asyncio.to_thread(shown, run, letter))["dead_letter"]
    assert (told["state"], told["note"]) == ("closed", "a test of theirs")


@pytest.mark.parametrize("verb", [("show",), ("retry",), ("close", "--reason", "seen")], ids=lambda verb: verb[0])
def test_a_letter_that_nobody_wrote_is_told(run: Run, verb: tuple[str, ...]) -> None:
    name, *options = verb
    result = run("dead-letters", name, ids.new_id(ids.DEAD_LETTER), *options)
    assert (result.exit_code, result.stderr) == (1, "Error: There is no dead letter with this id.\n")


@pytest.mark.usefixtures("status_at_once")
async def test_status_counts_what_waits(run: Run, letter: str) -> None:
    result = await asyncio.to_thread(run, "status", "--json")
    told = msgspec.json.decode(result.stdout.splitlines()[0])
    assert (told["open_dead_letters"], told["waiting_deliveries"], told["oldest_delivery_s"]) == (1, 0, None)


def test_an_operators_key_is_shown_once_and_can_be_revoked_once(run: Run, database_url: str) -> None:
    made = run("operator", "create-key", "Anna", "--role", "auditor")
    assert made.exit_code == 0, made.output
    key_id, secret = (line.split()[-1] for line in made.stdout.splitlines())
    assert secret.startswith("tso_")
    rows = execute(database_url, "SELECT name, role, key_sha256, revoked_at FROM operator_key")
    assert rows == [("Anna", "auditor", digest(secret), None)]
    assert run("operator", "revoke-key", key_id).stdout == f"{key_id} is revoked.\n"
    again = run("operator", "revoke-key", key_id)
    assert (again.exit_code, again.stderr) == (1, f"Error: There is no key {key_id} in force.\n")
