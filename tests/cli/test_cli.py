"""The command `tallystick`: each tool does what its help says, and says clearly when it cannot."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from click import Command, Context, Group
from click.testing import CliRunner

from domain.event import name_of
from domain.identifiers import MerchantId
from domain.money.money import zero
from domain.payment.events import PaymentCaptured, RefundStarted
from domain.payment.settlement_events import MovementKind, MovementSettled, ProviderCost
from infrastructure.embedded.postgres import EmbeddedPostgres
from infrastructure.embedded.roles import Role
from infrastructure.postgres import migrate
from interfaces import ids
from interfaces.cli.main import main
from interfaces.runtime.settings import VARIABLES
from projections.views import VIEWS
from tests.cli.conftest import PAYMENTS, Run
from tests.conftest import in_database
from tests.projections.histories import HISTORIES, recorded_history
from tests.support.domain import History
from tests.support.store import advanced, append_all, everything, execute, open_store, open_views


def commands(command: Command = main, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command there is, as its words."""
    return [path, *(found for name, sub in subcommands(command) for found in commands(sub, (*path, name)))]


def subcommands(command: Command) -> Iterator[tuple[str, Command]]:
    if isinstance(command, Group):
        context = Context(command)
        for name in command.list_commands(context):
            sub = command.get_command(context, name)
            assert sub, name
            yield name, sub


async def catch_up(database_url: str) -> None:
    """What the worker's projectors would have done."""
    async with open_store(database_url) as store, open_views(database_url) as views:
        events = await everything(store)
        for view in VIEWS.values():
            await advanced(views, view, events)


def names_of(history: str) -> list[str]:
    """The stored names of a history's events."""
    return [name_of(event) for event in HISTORIES[history]]


def settled(history: History) -> MovementSettled:
    """What the provider paid for the capture that `history` ends with."""
    captured = history[-1]
    assert isinstance(captured, PaymentCaptured)
    return MovementSettled(
        merchant_id=captured.merchant_id,
        provider=captured.provider,
        settlement_id="set_1",
        bank="main",
        movement=MovementKind.CAPTURE,
        movement_id=str(captured.capture_id),
        gross=captured.amount,
        cost=ProviderCost(interchange_minor=20),
        true_up=zero(captured.amount.currency),
        drawn=None,
        fee_plan="none",
    )


def last_line(output: str) -> str:
    return output.strip().splitlines()[-1]


# help and wrong arguments


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_has_help_worth_reading(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*words, "--help"])
    assert result.exit_code == 0
    usage, sentence = result.output.split("\n\n")[:2]
    assert usage.startswith(f"Usage: {' '.join(('main', *words))}")
    assert re.match(r"  [A-Z].{8,}", sentence), sentence


def test_every_command_of_the_design_is_there() -> None:
    top = {words[0] for words in commands() if len(words) == 1}
    assert top == {
        *("dev", "serve", "worker", "simulator", "migrate", "demo", "status"),
        *("merchant", "key", "operator", "events", "dead-letters", "replay", "rebuild", "ledger", "routing", "doubts"),
        "fx",
        "terms",
        *("disputes", "fx", "payouts", "terms"),
        *("funds", "settlement", "accounting", "record"),
        *("backup", "restore", "reopen", "orphans", "upgrade", "standby", "failover", "database"),
    }


def test_it_runs_as_a_module_of_its_own() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "interfaces.cli.main", "--version"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0
    assert re.search(r"\d+\.\d+", ran.stdout)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["notch"], "No such command 'notch'"),
        (["merchant", "create"], "Missing argument 'NAME'"),
        (["key", "create"], "Missing argument 'MERCHANT_ID'"),
        (["key", "create", "a", "b"], "unexpected extra argument"),
        (["events"], "Missing argument 'PAYMENT'"),
        (["events", "nonsense"], "expected an id such as pay_"),
        (["events", "cus_01h455vb4pex5vsknk084sn02q"], "expected an id such as pay_"),
        (["rebuild", "nonsense"], "'nonsense' is not one of"),
        (["serve", "--workers", "0"], "0 is not in the range"),
        (["serve", "--port", "eighty"], "'eighty' is not a valid integer"),
        (["demo", "--orders", "/no/such/file.csv"], "does not exist"),
        (["ledger", "burn"], "No such command 'burn'"),
        (["backup", "verify"], "Missing option '--from'"),
        (["restore", "--from", ".", "--home", "x", "--to", "yesterday"], "expected a time such as"),
        (["restore", "--from", ".", "--home", "x", "--to", "2026-11-27T14:30:00"], "has no time zone"),
        (["restore", "--from", ".", "--home", "x"], "--key-file is missing"),
        (["operator", "create-key", "Anna", "--role", "king"], "'king' is not one of"),
        (["dead-letters", "list", "--state", "lost"], "'lost' is not one of"),
        (["dead-letters", "show", "pay_1"], "expected an id such as dl_"),
        (["dead-letters", "close", "dl_1"], "Missing option '--reason'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_arguments_are_told(run: Run, arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output


# merchants, keys, the schema


def test_a_merchant_gets_a_key_that_can_be_revoked_once(run: Run, database_url: str) -> None:
    merchant = run("merchant", "create", "Acme & Söhne")
    assert merchant.exit_code == 0
    merchant_id = MerchantId(merchant.output.strip())
    assert merchant_id.startswith("mer_")
    made = run("key", "create", merchant_id)
    assert made.exit_code == 0
    key_id, secret = (line.split()[-1] for line in made.output.splitlines())
    assert secret.startswith("tsk_")
    rows = execute(
        database_url, "SELECT m.name, k.revoked_at, k::text FROM merchant m JOIN api_key k USING (merchant_id)"
    )
    assert [row[:2] for row in rows] == [("Acme & Söhne", None)]
    assert secret not in rows[0][2]
    assert run("key", "revoke", key_id).exit_code == 0
    again = run("key", "revoke", key_id)
    assert again.exit_code == 1
    assert key_id in again.output


@pytest.mark.parametrize("arguments", [("key", "create", "mer_nobody"), ("key", "revoke", "key_none")])
def test_what_is_not_there_is_told(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert arguments[-1] in result.output
    assert "Traceback" not in result.output


def test_migrating_twice_applies_everything_once(
    run: Run, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"empty_{uuid4().hex}"
    execute(postgres.superuser_url, f"CREATE DATABASE {name} OWNER {Role.OWNER}")
    monkeypatch.setenv(VARIABLES["database_url"], in_database(postgres.owner_url, name))
    first, second = run("migrate"), run("migrate")
    applied = [f"applied {file.name}" for file in sorted(migrate.FOLDER.glob("*.sql"))]
    assert first.output.splitlines() == [*applied, "The schema is up to date."]
    assert second.output == "The schema is up to date.\n"
    assert (first.exit_code, second.exit_code) == (0, 0)


def test_a_migration_edited_after_it_was_applied_is_named(run: Run, database_url: str) -> None:
    execute(database_url, "UPDATE schema_migration SET sha256 = 'edited' WHERE name = '0002_append_commands.sql'")
    result = run("migrate")
    assert result.exit_code == 1
    assert "0002_append_commands.sql" in result.output
    assert isinstance(result.exception, SystemExit), "told, and not a traceback"


# a payment's history


def test_a_payments_events_are_shown_as_a_table(run: Run, payments: list[str]) -> None:
    result = run("events", payments[0])
    assert result.exit_code == 0
    assert re.findall(r"payment\.[a-z_]+\.v\d", result.output) == names_of("refunded")
    assert payments[0] in result.output
    assert "partially_refunded" in result.output
    assert "key:test" in result.output


def test_a_payments_events_are_printed_as_json_lines(run: Run, payments: list[str]) -> None:
    result = run("events", payments[0], "--json")
    lines = [msgspec.json.decode(line) for line in result.stdout.splitlines()]
    assert [line["event"] for line in lines] == names_of("refunded")
    positions = [line["position"] for line in lines]
    assert positions == sorted(positions)


def test_an_intent_is_the_same_payment(run: Run, payments: list[str]) -> None:
    intent = payments[0].replace(ids.PAYMENT, ids.INTENT, 1)
    assert run("events", intent, "--json").output == run("events", payments[0], "--json").output


def test_a_payment_as_of_a_position_or_a_time_is_the_first_part_of_it(run: Run, payments: list[str]) -> None:
    lines = run("events", payments[0], "--json").stdout.splitlines()
    third = msgspec.json.decode(lines[2])
    for as_of in (str(third["position"]), third["recorded_at"]):
        result = run("events", payments[0], "--json", "--as-of", as_of)
        assert result.stdout.splitlines() == lines[:3], as_of


@pytest.mark.parametrize("as_of", ["yesterday", "99999999", "2999-01-01T00:00:00Z", "-1", "0", "2001-01-01T00:00:00Z"])
def test_a_time_that_cannot_be_is_told(run: Run, payments: list[str], as_of: str) -> None:
    result = run("events", payments[0], "--as-of", as_of)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert isinstance(result.exception, SystemExit)


def test_a_payment_that_is_not_there_is_told(run: Run) -> None:
    result = run("events", ids.new_id(ids.PAYMENT))
    assert result.exit_code == 1
    assert result.output == "Error: You have no payment with this id.\n"


async def test_what_a_merchant_wrote_is_printed_as_it_is(run: Run, database_url: str) -> None:
    reason, payment_id = "[/refund] :warning: [bold]", uuid4()
    *before, started = HISTORIES["refunding"]
    assert isinstance(started, RefundStarted)
    history = (*before, msgspec.structs.replace(started, reason=reason))
    async with open_store(database_url) as store:
        await append_all(store, recorded_history(payment_id, history))
    result = await asyncio.to_thread(run, "events", ids.text_of(ids.PAYMENT, payment_id))
    assert result.exit_code == 0, result.output
    assert reason in result.output


# the books and the views


def test_books_that_balance_are_verified(run: Run, database_url: str, payments: list[str]) -> None:
    assert execute(database_url, "SELECT count(*) > 0 FROM account_balance") == [(True,)]
    result = run("ledger", "verify")
    assert result.exit_code == 0, result.output
    assert last_line(result.output) == "The books balance."
    assert "EUR  debits less credits: 0" in result.output


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE account_balance SET balance_minor = balance_minor + 1 WHERE account LIKE '%:authorized'",
        "DELETE FROM account_balance WHERE account LIKE '%:authorized'",
    ],
)
def test_a_balance_that_was_tampered_with_is_named(
    run: Run, database_url: str, payments: list[str], tampering: str
) -> None:
    execute(database_url, tampering)
    result = run("ledger", "verify")
    assert result.exit_code == 1
    assert re.search(r"Error: merchant:mer_acme:authorized in EUR: kept (None|10001), replayed 10000", result.output)


def test_a_balance_of_an_account_that_no_entry_knows_is_named(run: Run, database_url: str, payments: list[str]) -> None:
    execute(database_url, "INSERT INTO account_balance VALUES ('merchant:ghost:held', 'EUR', 5)")
    result = run("ledger", "verify")
    assert result.exit_code == 1
    assert "merchant:ghost:held in EUR: kept 5" in result.output


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('"minor":10000', '"minor":10001', "merchant:mer_acme:authorized in EUR: kept 10000, replayed 10001"),
        ('"side":"debit"', '"side":"credit"', "cannot be read: debits exceed credits by -20000 minor units of EUR"),
        ("merchant:mer_acme:authorized", "mattress", "UnknownAccount(code='mattress')"),
    ],
)
def test_a_journal_entry_that_was_tampered_with_is_found(
    run: Run, database_url: str, payments: list[str], before: str, after: str, said: str
) -> None:
    execute(database_url, "ALTER TABLE stored_events DISABLE TRIGGER stored_events_are_immutable")
    execute(
        database_url,
        """
        UPDATE stored_events SET state = convert_to(replace(convert_from(state, 'UTF8'), %s, %s), 'UTF8')
        WHERE originator_id = (SELECT originator_id FROM stored_events WHERE topic LIKE 'journal.%%' LIMIT 1)
        """,
        *(before, after),
    )
    result = run("ledger", "verify")
    assert result.exit_code == 1
    assert said in last_line(result.output)


async def test_an_entry_on_accounts_without_a_floor_is_held_against_its_cause(
    run: Run, database_url: str, payments: list[str]
) -> None:
    history = HISTORIES["captured"]
    async with open_store(database_url) as store:
        await append_all(store, recorded_history(uuid4(), (*history, settled(history))))
    execute(database_url, "ALTER TABLE stored_events DISABLE TRIGGER stored_events_are_immutable")
    [(position,)] = execute(
        database_url,
        """
        DELETE FROM stored_events WHERE notification_id = (
            SELECT max(notification_id) FROM stored_events
            WHERE topic LIKE 'journal.%' AND convert_from(state, 'UTF8') LIKE '%"payment.movement_settled.v1"%'
        ) RETURNING notification_id
        """,
    )
    result = await asyncio.to_thread(run, "ledger", "verify")
    assert result.exit_code == 1
    said = f"Error: the payment.movement_settled.v1 at position {position - 1} has no journal entry"
    assert last_line(result.output) == said


async def test_views_that_equal_the_replay_are_told_so(run: Run, database_url: str, payments: list[str]) -> None:
    await catch_up(database_url)
    result = await asyncio.to_thread(run, "replay")
    assert result.exit_code == 0, result.output
    assert result.output.count("equals the replay") == len(VIEWS)


async def test_a_view_that_was_tampered_with_is_named_with_both_sides(
    run: Run, database_url: str, payments: list[str]
) -> None:
    await catch_up(database_url)
    execute(database_url, "UPDATE views.merchant_balances SET pending = pending + 1 WHERE currency = 'EUR'")
    result = await asyncio.to_thread(run, "replay")
    assert result.exit_code == 1
    assert "merchant_balances ('mer_acme', 'EUR')" in result.output
    assert last_line(result.output) == f"Error: 1 of {len(VIEWS)} views differ from the replay."


async def test_views_that_are_behind_are_told_so(run: Run, database_url: str, payments: list[str]) -> None:
    async with open_store(database_url) as store:
        head = await store.head()
    result = await asyncio.to_thread(run, "replay")
    assert result.output.count(f"{head} positions behind the store") == len(VIEWS)


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_rebuilt(run: Run, database_url: str, payments: list[str], view: str) -> None:
    result = run("rebuild", view)
    assert result.exit_code == 0, result.output
    assert f"{view}: no differences" in result.output
    assert re.fullmatch(
        rf"{view} is rebuilt up to position \d+, and in service as version 2\.", last_line(result.output)
    )
    [(rows,)] = execute(database_url, f"SELECT count(*) FROM views.{VIEWS[view].table}")
    empty = dict.fromkeys(("bank_accounts", "dead_letters", "disputes", "payout_batches", "payouts", "settlements"), 0)
    assert rows >= {"payment_status": len(PAYMENTS), **empty}.get(view, 1)


def test_every_view_is_rebuilt_at_once(run: Run, payments: list[str]) -> None:
    result = run("rebuild", "--all")
    assert result.exit_code == 0, result.output
    assert result.output.count("no differences") == len(VIEWS)
    assert result.output.count("in service as version 2") == len(VIEWS)


async def test_a_dry_run_tells_the_differences_and_leaves_the_view_alone(
    run: Run, database_url: str, payments: list[str]
) -> None:
    await catch_up(database_url)
    execute(database_url, "UPDATE views.payment_status SET status = 'lost' WHERE customer_id = 'cus_1'")
    before = execute(database_url, "SELECT * FROM views.payment_status ORDER BY payment_id")
    result = await asyncio.to_thread(run, "rebuild", "payment_status", "--dry-run")
    assert result.exit_code == 0, result.output
    assert f"0 rows only in the old, 0 only in the new, {len(before)} differing" in result.output
    assert re.search(r'status +"lost" → "', result.output)
    assert "in service as" not in result.output
    assert execute(database_url, "SELECT * FROM views.payment_status ORDER BY payment_id") == before


@pytest.mark.parametrize("arguments", [(), ("payment_status", "--all")])
def test_a_rebuild_of_what_is_asked(run: Run, arguments: tuple[str, ...]) -> None:
    result = run("rebuild", *arguments)
    assert result.exit_code == 2
    assert "--all" in result.output


# what is away


@pytest.mark.parametrize(
    "arguments",
    [
        ("migrate",),
        ("merchant", "create", "Acme"),
        ("key", "create", "mer_x"),
        ("key", "revoke", "key_x"),
        ("events", "pay_01h455vb4pex5vsknk084sn02q"),
        ("replay",),
        ("rebuild", "payment_status"),
        ("ledger", "verify"),
        ("status",),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/nothing", "nonsense"])
def test_a_database_that_is_away_is_told_in_one_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], url: str
) -> None:
    monkeypatch.setenv(VARIABLES["database_url"], url)
    result = run(*arguments)
    assert result.exit_code == 1
    sentence, *hint = result.output.strip().splitlines()
    assert len(hint) <= 1, "libpq adds a question of its own"
    assert sentence.startswith("Error: ")
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(("field", "wrong"), [("provider_timeout_s", "soon"), ("in_doubt_after_s", "0.5")])
def test_a_setting_that_cannot_be_is_named(run: Run, monkeypatch: pytest.MonkeyPatch, field: str, wrong: str) -> None:
    monkeypatch.setenv(VARIABLES[field], wrong)
    result = run("ledger", "verify")
    assert result.exit_code == 1
    assert VARIABLES[field] in result.output


def test_with_both_servers_named_no_home_is_made(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("TALLYSTICK_HOME", str(home))
    assert run("ledger", "verify").exit_code == 0
    assert not home.exists()
