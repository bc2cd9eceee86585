"""Released funds, settlements and book-keeping on the command line: what is told, and how a failure is."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from interfaces import composition
from tests.cli.conftest import Run
from tests.cli.test_cli import catch_up
from tests.projections.histories import HISTORIES, MERCHANTS, recorded_history
from tests.support.domain import NOW
from tests.support.store import append_all, open_store

SETTLEMENT = """\
settlement_id,st_1
provider,northbank
bank,house
currency,USD
paid_at,2025-11-20T23:00:00Z
total,99.99
movement,operation_id,reference,gross,interchange,scheme,markup,other,net
capture,,ch_1,99.99,0,0,0,0,99.99
"""


@pytest.fixture
async def taken(database_url: str) -> None:
    """A payment of 99.99 USD that was captured, in every view."""
    async with open_store(database_url) as store:
        await append_all(store, recorded_history(uuid4(), HISTORIES["captured"]))
    await catch_up(database_url)


@pytest.mark.usefixtures("taken")
def test_what_becomes_available_is_told_with_its_time(run: Run) -> None:
    result = run("funds", "due", "--merchant", MERCHANTS[0])
    assert result.exit_code == 0, result.output
    assert "2026-11-23T23:00:00+00:00" in result.stdout
    assert "96.79 USD" in result.stdout
    assert run("funds", "due").stdout == result.stdout
    assert run("funds", "due", "--merchant", MERCHANTS[1]).stdout == "Nothing is pending that has a date.\n"


@pytest.mark.usefixtures("taken")
def test_a_settlement_is_applied_by_the_providers_reference(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "settlement.csv"
    file.write_text(SETTLEMENT)
    first, second = run("settlement", "import", str(file)), run("settlement", "import", str(file))
    assert "1 rows applied, 0 applied before, 0 refused." in first.stdout, first.output
    assert first.exit_code == 0
    # No projector runs here: the second import is told that the view is behind, and is not applied without it.
    assert second.exit_code == 1
    assert "reconciliation" in second.output


@pytest.mark.usefixtures("taken")
def test_what_is_refused_is_told_row_by_row_and_ends_with_one(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "settlement.csv"
    file.write_text(SETTLEMENT.replace("ch_1", "ch_nobody"))
    result = run("settlement", "import", str(file))
    assert result.exit_code == 1
    assert "line 8: capture ch_nobody: Our books have no capture ch_nobody" in result.output
    assert "1 of 1 rows were refused" in result.output


@pytest.mark.usefixtures("taken")
def test_an_unknown_row_is_named_and_the_rest_of_a_spreadsheets_file_is_applied(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "settlement.csv"
    rows = SETTLEMENT.replace("total,99.99", "total,69.99") + "fee,,rent,-25,0,0,0,0,-25\ntopup,,tu_1,-5,0,0,0,0,-5\n"
    file.write_bytes(("\ufeff" + rows.replace("\n", ",,\r\n").replace(",", " , ")).encode())
    result = run("settlement", "import", str(file))
    assert "2 rows applied, 0 applied before, 1 refused." in result.output, result.output
    assert "line 10: topup tu_1: No rule is for a row of kind topup" in result.output
    assert result.exit_code == 1


def test_semicolons_are_named(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "settlement.csv"
    file.write_text(SETTLEMENT.replace(",", ";"))
    result = run("settlement", "import", str(file))
    assert "line 1: its values are separated by semicolons: save it as CSV with commas" in result.output
    assert result.exit_code == 1


@pytest.mark.usefixtures("taken")
def test_a_file_that_does_not_add_up_is_refused_with_its_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "settlement.csv"
    file.write_text(SETTLEMENT.replace("total,99.99", "total,99.98"))
    result = run("settlement", "import", str(file))
    assert result.exit_code == 1
    assert f"{file}, line 6: total: it is 99.98 USD, and the rows' net comes to 99.99 USD." in result.output
    file.write_bytes(b"settlement_id,\xff")
    assert "line 1: this is not UTF-8" in run("settlement", "import", str(file)).output


@pytest.mark.usefixtures("taken")
def test_the_report_tells_what_is_left(run: Run) -> None:
    table = run("settlement", "report", "--provider", "northbank")
    assert table.exit_code == 0, table.output
    assert "99.99" in table.stdout
    listed = run("settlement", "report", "--provider", "northbank", "--format", "csv").stdout.splitlines()
    assert listed[1] == "USD,unsettled,1,99.99,,,,,,99.99"
    assert "has settled nothing" in run("settlement", "report", "--provider", "nobody").stdout


@pytest.mark.usefixtures("taken")
def test_a_finished_day_is_handed_to_book_keeping(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composition, "utc_now", lambda: NOW + timedelta(days=2))
    first, second = (run("accounting", "sync", "--to", str(tmp_path)) for _ in range(2))
    assert "TS-2026-11-20" in first.stdout, first.output
    assert "1 days written." in first.stdout
    assert second.stdout == "0 days written.\n"
    (tmp_path / "TS-2026-11-20.csv").write_text("other")
    third = run("accounting", "sync", "--to", str(tmp_path))
    assert third.exit_code == 1
    assert "is not what was posted on that day" in third.output


@pytest.mark.usefixtures("taken")
def test_the_books_verify_with_what_is_no_movement_in_them(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "settlement.csv"
    rows = SETTLEMENT.replace("total,99.99", "total,77.99") + "fee,,rent,-25,0,0,0,0,-25\nadjustment,,,3,0,0,0,0,3\n"
    file.write_text(rows)
    assert run("settlement", "import", str(file)).exit_code == 0
    verified = run("ledger", "verify")
    assert verified.exit_code == 0, verified.output
