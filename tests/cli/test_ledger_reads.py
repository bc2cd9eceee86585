"""The books on the command line: the chart, any balance at any moment, the trial balance, journals and statements."""

import asyncio
import csv
from collections.abc import Sequence
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import msgspec
import pytest

from domain.history import Positioned
from domain.identifiers import MerchantId
from domain.ledger.accounts import AccountCode
from domain.ledger.balances import BalanceKey
from domain.ledger.entry import JournalEntryPosted
from domain.money.money import Money, parse_decimal
from interfaces import ids
from projections.ledger import (
    account_blocks,
    account_journal,
    books,
    journal_clock,
    journal_lines,
    moments,
    statement,
)
from tests.cli.conftest import Run
from tests.cli.test_cli import catch_up
from tests.projections.histories import HISTORIES, MERCHANTS, recorded_history
from tests.support.ledger import fold_accounts
from tests.support.store import append_all, everything, open_store

ACME = MERCHANTS[0]
PENDING = AccountCode(f"merchant:{ACME}:pending")
NAMES = ("refunded", "captured", "dispute lost", "authorized", "disputed", "wholly refunded", "voided")


@pytest.fixture
async def entries(database_url: str, monkeypatch: pytest.MonkeyPatch) -> list[Positioned]:
    """Entries of two merchants, a second apart, in views whose blocks and pages are small."""
    for module in (account_blocks, books, journal_clock):
        monkeypatch.setattr(module, "BLOCK_POSITIONS", 9)
    for module in (journal_lines, books, moments):
        monkeypatch.setattr(module, "LINES_BLOCK_POSITIONS", 3)
    monkeypatch.setattr(statement, "PAGE_LINES_MAX", 5)
    monkeypatch.setattr(account_journal, "PAGE_LINES_MAX", 3)
    monkeypatch.setattr(moments, "WAIT_S", 0.05)
    async with open_store(database_url) as store:
        for number, name in enumerate(NAMES):
            history = recorded_history(uuid4(), HISTORIES[name], MERCHANTS[number % 2], started_s=20 * number)
            await append_all(store, history)
        there = await everything(store)
    await catch_up(database_url)
    return [event for event in there if isinstance(event.event.data, JournalEntryPosted)]


def data_of(entries: Sequence[Positioned]) -> list[JournalEntryPosted]:
    return [data for entry in entries if isinstance(data := entry.event.data, JournalEntryPosted)]


def said(run: Run, *arguments: str) -> str:
    result = run("ledger", *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def rows_of(table: str) -> list[list[str]]:
    """A printed table's cells."""
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in table.splitlines() if line[:1] == "│"]


def test_the_chart_has_every_account_with_its_balance(run: Run, entries: list[Positioned]) -> None:
    for count in (2, len(entries)):
        folded = fold_accounts(data_of(entries[:count]))
        shown = rows_of(said(run, "accounts", "--as-of", str(entries[count - 1].position)))
        told = {(code, amount.split()[1]): amount for code, _, amount in shown}
        assert told == {tuple(key): str(Money(minor, key.currency)) for key, minor in folded.items()}


def test_an_account_has_the_balance_it_had_at_a_position_or_an_instant(run: Run, entries: list[Positioned]) -> None:
    assert said(run, "balance", PENDING, "--as-of", "0") == "There are none.\n"
    for number in (5, 8):
        entry = entries[number]
        expected = fold_accounts(data_of(entries[: number + 1]))[BalanceKey(PENDING, "EUR")]
        for as_of in (str(entry.position), entry.event.recorded_at.isoformat()):
            rows = rows_of(said(run, "balance", PENDING, "--as-of", as_of))
            assert [row[2] for row in rows if row[2].endswith("EUR")] == [str(Money(expected, "EUR"))]


def test_the_debits_of_the_trial_balance_equal_its_credits(run: Run, entries: list[Positioned]) -> None:
    rows = rows_of(said(run, "trial-balance"))
    totals = [row for row in rows if row[0] == "total"]
    assert totals
    assert all(debit == credit for _, debit, credit in totals)
    assert {row[0] for row in rows if row[0].startswith("merchant:")} <= {
        f"merchant:*:{kind}" for kind in ("authorized", "pending", "held")
    }


def test_a_journal_has_each_line_with_the_balance_after_it(run: Run, entries: list[Positioned]) -> None:
    printed = said(run, "journal", PENDING)
    balance = 0
    for entry, data in zip(entries, data_of(entries), strict=True):
        for line in data.postings:
            if (line.account, line.amount.currency) == (PENDING, "EUR"):
                balance += line.change_minor
                assert f"{Money(balance, 'EUR')}  {ids.text_of(ids.ENTRY, entry.event.originator_id)}" in printed
    assert len(printed.splitlines()) == 1 + sum(
        line.account == PENDING for data in data_of(entries) for line in data.postings
    )
    later = said(run, "journal", PENDING, "--from", entries[-1].event.recorded_at.isoformat())
    assert later.splitlines()[0] == f"EUR  before: {Money(balance, 'EUR')}"


def test_a_statement_adds_up_from_the_opening_to_the_closing_balances(run: Run, entries: list[Positioned]) -> None:
    for first, last in ((0, None), (3, 9), (4, 4), (6, None)):
        then_it_adds_up(run, entries, first, last)


def then_it_adds_up(run: Run, entries: list[Positioned], first: int, last: int | None) -> None:
    begin = entries[first].event.recorded_at
    end = entries[-1].event.recorded_at + timedelta(seconds=1) if last is None else entries[last].event.recorded_at
    period = ("--currency", "EUR", "--from", begin.isoformat(), "--to", end.isoformat())
    told = msgspec.json.decode(said(run, "statement", ACME, *period))

    before = [entry for entry in entries if entry.event.recorded_at < begin]
    until = [entry for entry in entries if entry.event.recorded_at < end]
    opening, closing = (fold_accounts(data_of(some)) for some in (before, until))
    running = {}
    for account in told["accounts"]:
        key = BalanceKey(AccountCode(f"merchant:{ACME}:{account['account']}"), "EUR")
        assert (account["opening"], account["closing"]) == (opening.get(key, 0), closing[key])
        running[account["account"]] = account["opening"]
    for line in told["lines"]:
        running[line["account"]] += line["change"]
        assert line["balance"] == running[line["account"]]
    assert running == {account["account"]: account["closing"] for account in told["accounts"]}
    expected = [
        (entry.position, line.change_minor)
        for entry in until[len(before) :]
        for line in data_of([entry])[0].postings
        if line.account.startswith(f"merchant:{ACME}:") and line.amount.currency == "EUR"
    ]
    assert [(line["position"], line["change"]) for line in told["lines"]] == expected
    assert_csv_says_the_same(said(run, "statement", ACME, *period, "--format", "csv"), told)


def assert_csv_says_the_same(text: str, told: dict[str, list[dict[str, object]]]) -> None:
    rows = list(csv.DictReader(StringIO(text)))
    for what, field in (("opening balance", "opening"), ("closing balance", "closing")):
        assert {row["account"]: parse_decimal(row["balance"], "EUR").minor for row in rows if row["cause"] == what} == {
            account["account"]: account[field] for account in told["accounts"]
        }
    lines = [row for row in rows if row["position"]]
    assert [
        (
            int(row["position"]),
            row["account"],
            *(parse_decimal(row[name], "EUR").minor for name in ("change", "balance")),
        )
        for row in lines
    ] == [(line["position"], line["account"], line["change"], line["balance"]) for line in told["lines"]]


def test_whoever_has_no_account_has_a_statement_without_lines_that_says_so(run: Run, entries: list[Positioned]) -> None:
    period = ("--currency", "EUR", "--from", "2026-01-01T00:00:00Z", "--to", "2026-01-02T00:00:00Z")
    result = run("ledger", "statement", MerchantId("mer_nobody"), *period)
    assert result.exit_code == 0
    assert msgspec.json.decode(result.stdout)["lines"] == []
    assert "No account of mer_nobody in EUR" in result.stderr


JAN_1, JAN_2, LATER = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2999-01-01T00:00:00Z"
EUR = ("statement", ACME, "--currency", "EUR")
REFUSED = (
    (("balance", "mattress"), "mattress"),
    (("journal", "mattress"), "mattress"),
    (("balance", PENDING, "--as-of", LATER), "is in the future"),
    (("journal", PENDING, "--from", "yesterday"), "expected an RFC 3339 time"),
    (("statement", ACME, "--currency", "XXX", "--from", JAN_1, "--to", JAN_2), "no ISO 4217 currency"),
    ((*EUR, "--from", JAN_2, "--to", JAN_1), "after the statement's end"),
    ((*EUR, "--from", JAN_2, "--to", LATER), "is in the future"),
)


def test_what_cannot_be_asked_is_told(run: Run, database_url: str) -> None:
    for arguments, told in REFUSED:
        result = run("ledger", *arguments)
        assert result.exit_code == 1
        assert told in result.output


async def test_views_that_are_behind_the_store_answer_nothing_that_might_be_wrong(
    run: Run, database_url: str, entries: list[Positioned]
) -> None:
    async with open_store(database_url) as store:
        await append_all(store, recorded_history(uuid4(), HISTORIES["captured"], started_s=999))
    result = await asyncio.to_thread(run, "ledger", "trial-balance")
    assert result.exit_code == 1
    assert "journal_lines" in result.output
    answered = await asyncio.to_thread(run, "ledger", "trial-balance", "--as-of", str(entries[-1].position))
    assert answered.exit_code == 0, answered.output
