"""The journal exported, and checked by programs that are not ours: they accept it, and come to our balances."""

import csv
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest

from domain.history import Positioned
from domain.identifiers import MerchantId
from domain.ledger.accounts import AccountCode, Side, account
from domain.ledger.entry import JournalEntryPosted
from domain.money.money import Money, parse_decimal
from infrastructure.postgres.event_store import posted_entries
from interfaces import ids
from interfaces.demo.book_checkers import located
from tests.cli.conftest import Run
from tests.projections.histories import HISTORIES, recorded_history
from tests.support.account_names import own_code
from tests.support.domain import History, authorized, captured
from tests.support.ledger import fold_accounts
from tests.support.store import append_all, everything, execute, open_store

Balances = dict[tuple[AccountCode, str], int]
"""Debits less credits, in minor units: counted as other programs count."""
Check = Callable[[Path], subprocess.CompletedProcess[str]]

BEAN_CHECK, BEAN_QUERY = (str(Path(sys.executable).parent / name) for name in ("bean-check", "bean-query"))
HLEDGER = located("hledger")
needs_hledger = pytest.mark.skipif(
    HLEDGER is None,
    reason="hledger is not installed: `.venv/bin/python -m tests.clients.debian hledger` needs Debian's packages",
)
SHOPS = (MerchantId("mer_01kah2q6c8f3v9w1x5y7z0b4d6"), MerchantId("Odd_shop-2"))
OTHER_CURRENCIES = {"JPY": "501", "KWD": "12.345", "UYW": "7.0001"}
"""With no decimals, three and four; the others have two."""


def payments() -> list[History]:
    return [
        *(HISTORIES[name] for name in ("refunded", "authorized", "dispute lost", "disputed", "voided", "created")),
        *(captured(parse_decimal(amount, currency)) for currency, amount in OTHER_CURRENCIES.items()),
        authorized(parse_decimal("0.001", "BHD")),
    ]


@pytest.fixture
async def entries(database_url: str, monkeypatch: pytest.MonkeyPatch) -> list[Positioned]:
    """A store with payments of two shops in currencies of every kind; its journal entries, read a few at a time."""
    monkeypatch.setattr(posted_entries, "FETCH_ENTRIES_MAX", 4)
    async with open_store(database_url) as store:
        for number, history in enumerate(payments()):
            await append_all(store, recorded_history(uuid4(), history, SHOPS[number % 2]))
        return [event for event in await everything(store) if isinstance(event.event.data, JournalEntryPosted)]


def balances_of(entries: list[Positioned]) -> Balances:
    folded = fold_accounts(data for entry in entries if isinstance(data := entry.event.data, JournalEntryPosted))
    return {key: minor if account(key.account).normal is Side.DEBIT else -minor for key, minor in folded.items()}


def ran(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def exported(run: Run, folder: Path, form: str, *options: str) -> Path:
    path = folder / f"books.{form}"
    result = run("ledger", "export", "--format", form, "--output", str(path), *options)
    assert result.exit_code == 0, result.output
    return path


def bean_check(path: Path) -> subprocess.CompletedProcess[str]:
    return ran(BEAN_CHECK, "--no-cache", str(path))


def hledger_check(path: Path) -> subprocess.CompletedProcess[str]:
    assert HLEDGER
    return ran(HLEDGER, "check", "--strict", "-f", str(path))


def bean_balances(path: Path) -> Balances:
    query = "SELECT account, currency, sum(number) GROUP BY account, currency"
    return _foreign_balances(ran(BEAN_QUERY, "--no-errors", "-f", "csv", str(path), query).stdout)


def hledger_balances(path: Path) -> Balances:
    assert HLEDGER
    form = ("--flat", "--empty", "--no-total", "--layout=bare", "-O", "csv")
    return _foreign_balances(ran(HLEDGER, "balance", "-f", str(path), *form).stdout)


def _foreign_balances(table: str) -> Balances:
    _, *rows = csv.reader(StringIO(table))
    return {
        (own_code(name.strip()), currency.strip()): parse_decimal(number.strip(), currency.strip()).minor
        for name, currency, number in rows
    }


def known(balances: Balances) -> Balances:
    """What a program shows of an account that has come back to nothing differs."""
    return {key: minor for key, minor in balances.items() if minor}


def test_beancount_accepts_the_books_and_comes_to_our_balances(
    run: Run, folder: Path, entries: list[Positioned]
) -> None:
    path = exported(run, folder, "beancount")
    checked = bean_check(path)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    assert known(bean_balances(path)) == known(balances_of(entries))


@needs_hledger
def test_hledger_accepts_the_books_and_comes_to_our_balances(run: Run, folder: Path, entries: list[Positioned]) -> None:
    path = exported(run, folder, "hledger")
    checked = hledger_check(path)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    assert known(hledger_balances(path)) == known(balances_of(entries))


CHECKS: list[object] = [
    pytest.param("beancount", bean_check),
    pytest.param("hledger", hledger_check, marks=needs_hledger),
]
"""A format and the program that checks it."""


@pytest.mark.parametrize(("form", "check"), CHECKS)
def test_a_single_minor_unit_too_much_on_both_sides_is_found_by_the_asserted_balances(
    run: Run, folder: Path, entries: list[Positioned], form: str, check: Check
) -> None:
    path = exported(run, folder, form)
    text = path.read_text()
    for amount in ("501 JPY", "12.345 KWD", "7.0001 UYW"):
        more = str(Money(parse_decimal(*amount.split()).minor + 1, amount.split()[1]))
        at = text.index(f" {amount}")
        end = text.index(f"-{amount}", at) + len(amount) + 1
        path.write_text(text[:at] + text[at:end].replace(amount, more) + text[end:])
        checked = check(path)
        assert checked.returncode != 0
        assert "balance" in (checked.stdout + checked.stderr).lower()


@pytest.mark.parametrize(("form", "check"), CHECKS)
def test_books_without_an_entry_are_accepted(
    run: Run, database_url: str, folder: Path, form: str, check: Check
) -> None:
    checked = check(exported(run, folder, form))
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_each_entry_leads_back_to_the_store(run: Run, folder: Path, entries: list[Positioned]) -> None:
    for form, quote in (("beancount", '"'), ("hledger", "")):
        text = exported(run, folder, form).read_text()
        for entry in entries:
            data = entry.event.data
            assert isinstance(data, JournalEntryPosted)
            assert data.payment_id is not None
            separator = ": " if quote else ":"
            for name, value in (
                ("entry", ids.text_of(ids.ENTRY, entry.event.originator_id)),
                ("payment", ids.text_of(ids.PAYMENT, data.payment_id)),
                ("cause", data.cause),
            ):
                assert f"{name}{separator}{quote}{value}{quote}\n" in text
            assert f"position{separator}{entry.position}\n" in text


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def assert_rows_are_the_postings(rows: list[dict[str, str]], entries: list[Positioned]) -> None:
    expected = [
        (entry.position, number, line.account, str(line.amount), line.side)
        for entry in entries
        if isinstance(data := entry.event.data, JournalEntryPosted)
        for number, line in enumerate(data.postings, start=1)
    ]
    found = []
    for row in rows:
        side, other = (Side.DEBIT, Side.CREDIT) if int(row["debit_minor"]) else (Side.CREDIT, Side.DEBIT)
        amount = Money(int(row[f"{side}_minor"]), row["currency"])
        assert Decimal(row[side]) == Decimal(str(amount).split()[0])
        assert (int(row[f"{other}_minor"]), Decimal(row[other])) == (0, Decimal(0))
        found.append((int(row["position"]), int(row["line"]), row["account"], str(amount), side))
    assert found == expected


def test_csv_has_a_row_for_each_posting(run: Run, folder: Path, entries: list[Positioned]) -> None:
    assert_rows_are_the_postings(rows_of(exported(run, folder, "csv")), entries)


def test_parquet_has_a_row_for_each_posting(run: Run, folder: Path, entries: list[Positioned]) -> None:
    from pyarrow import parquet

    table = parquet.read_table(exported(run, folder, "parquet"))
    assert_rows_are_the_postings(
        [{name: str(cell) for name, cell in row.items()} for row in table.to_pylist()], entries
    )
    assert str(table.schema.field("recorded_at").type) == "timestamp[us, tz=UTC]"


def test_parquet_without_pyarrow_says_how_to_get_it(
    run: Run, database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = folder / "books.parquet"
    result = run("ledger", "export", "--format", "parquet", "--output", str(path))
    assert result.exit_code == 1
    assert "pip install 'tallystick[parquet]'" in result.output
    assert list(folder.iterdir()) == []


def test_as_of_a_position_or_an_instant_what_came_later_is_left_out(
    run: Run, folder: Path, entries: list[Positioned]
) -> None:
    last = entries[4]
    rows = rows_of(exported(run, folder, "csv", "--as-of", str(last.position)))
    assert_rows_are_the_postings(rows, entries[:5])
    first_after = next(
        number for number, entry in enumerate(entries) if entry.event.recorded_at > last.event.recorded_at
    )
    rows = rows_of(exported(run, folder, "csv", "--as-of", last.event.recorded_at.isoformat()))
    assert_rows_are_the_postings(rows, entries[:first_after])


@pytest.mark.parametrize(
    ("as_of", "said"),
    [("tomorrow", "expected an RFC 3339 time"), ("2999-01-01T00:00:00Z", "is in the future"), ("9" * 18, "future")],
)
def test_a_moment_that_is_none_or_has_not_come_is_refused(run: Run, database_url: str, as_of: str, said: str) -> None:
    result = run("ledger", "export", "--format", "csv", "--as-of", as_of)
    assert result.exit_code == 1
    assert said in result.output


def test_without_a_file_the_books_go_to_the_output_and_parquet_is_refused(
    run: Run, folder: Path, entries: list[Positioned]
) -> None:
    printed = run("ledger", "export", "--format", "hledger")
    assert printed.stdout == exported(run, folder, "hledger").read_text()
    refused = run("ledger", "export", "--format", "parquet")
    assert refused.exit_code == 2
    assert "Parquet goes to a file" in refused.output


def test_an_export_that_fails_leaves_the_file_as_it_was(
    run: Run, database_url: str, folder: Path, entries: list[Positioned]
) -> None:
    path = folder / "books.beancount"
    path.write_text("as it was")
    execute(database_url, "ALTER TABLE stored_events DISABLE TRIGGER stored_events_are_immutable")
    execute(
        database_url,
        "UPDATE stored_events SET state = convert_to(replace(convert_from(state, 'UTF8'), 'holds:', 'pocket:'), 'UTF8')"
        " WHERE notification_id = %s",
        entries[-1].position,
    )
    result = run("ledger", "export", "--format", "beancount", "--output", str(path))
    assert result.exit_code == 1
    assert f"the journal entry at position {entries[-1].position} cannot be read" in result.output
    assert path.read_text() == "as it was"
    assert list(folder.iterdir()) == [path]
