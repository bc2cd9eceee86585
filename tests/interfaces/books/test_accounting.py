"""Each finished day goes to book-keeping once, whole, and is what was posted on it."""

import csv
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.event_store.store import PostgresEventStore
from infrastructure.postgres.funds.accounting_days import PostgresSyncedDays
from interfaces.books.accounting import DayDiffers, sync_days
from interfaces.books.day_summary import DaySummary, as_csv
from projections.ledger.account_blocks import ACCOUNT_BLOCKS
from projections.ledger.journal_clock import JOURNAL_CLOCK
from projections.ledger.journal_lines import JOURNAL_LINES
from tests.projections.histories import HISTORIES, MERCHANTS, recorded_history
from tests.support.domain import NOW
from tests.support.store import advanced, append_all, everything, execute, open_store, open_views

DAY = timedelta(days=1)
FIRST = date(2026, 11, 20)
"""Of NOW."""
LATER = NOW + 10 * DAY


class Office:
    """Books with a few days in them, and a folder of the accounting system's."""

    def __init__(self, database_url: str, store: PostgresEventStore, pool: ReadPool, folder: Path) -> None:
        self.database_url = database_url
        self.store = store
        self.pool = pool
        self.folder = folder

    async def post(self, name: str, *, days: float, merchant: int = 0) -> None:
        """A payment's entries, so many days after NOW."""
        started_s = int(days * 86_400)
        await append_all(
            self.store, recorded_history(uuid4(), HISTORIES[name], MERCHANTS[merchant], started_s=started_s)
        )
        stored = await everything(self.store)
        async with open_views(self.database_url) as connection:
            for view in (JOURNAL_LINES, ACCOUNT_BLOCKS, JOURNAL_CLOCK):
                await advanced(connection, view, stored)

    async def sync(self, *, now: datetime = LATER, until: date | None = None) -> list[DaySummary]:
        days = PostgresSyncedDays(self.pool)
        synced = sync_days(self.pool.connection, self.store, days, self.folder, until=until, now=now)
        return [summary async for summary in synced]

    def files(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}


@pytest.fixture
async def office(database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    pool = ReadPool(database_url)
    await pool.open()
    async with open_store(database_url) as store:
        opened = Office(database_url, store, pool, tmp_path)
        await opened.post("refunded", days=0)
        await opened.post("dispute lost", days=0, merchant=1)
        await opened.post("captured", days=1)
        await opened.post("captured", days=4)
        yield opened
    await pool.aclose()


async def test_every_finished_day_with_entries_is_written_as_csv_and_json(office: Office) -> None:
    first, second, third = await office.sync()
    assert [each.day for each in (first, second, third)] == [FIRST, FIRST + DAY, FIRST + 4 * DAY]
    assert office.files() == {f"TS-2026-11-{day}.{kind}" for day in (20, 21, 24) for kind in ("csv", "json")}
    read = msgspec.json.decode((office.folder / "TS-2026-11-20.json").read_bytes(), type=DaySummary)
    assert read == first
    rows = list(csv.DictReader((office.folder / "TS-2026-11-20.csv").read_text().splitlines()))
    assert {row["reference"] for row in rows} == {"TS-2026-11-20"}
    assert "merchant:*:pending" in {row["account"] for row in rows}


async def test_debits_equal_credits_every_day_and_the_days_are_all_of_the_journal(office: Office) -> None:
    summaries = await office.sync()
    assert [each.after for each in summaries] == [0, *(each.up_to for each in summaries[:-1])]
    for summary in summaries:
        surplus: dict[str, int] = defaultdict(int)
        for line in summary.lines:
            surplus[line.currency] += line.debit_minor - line.credit_minor
        assert set(surplus.values()) == {0}
    async with open_views(office.database_url) as connection:
        cursor = await connection.execute(
            "SELECT sum(abs(minor)) FROM views.journal_lines, unnest(signed_minor) AS minor"
        )
        [(posted,)] = await cursor.fetchall()
    assert posted == sum(line.debit_minor + line.credit_minor for each in summaries for line in each.lines)


async def test_a_second_time_writes_nothing_even_where_the_files_were_taken_away(office: Office) -> None:
    await office.sync()
    assert await office.sync() == []
    for path in office.folder.iterdir():
        path.unlink()
    assert await office.sync() == []
    assert office.files() == set()


async def test_what_broke_off_after_its_files_goes_on_with_the_same(office: Office) -> None:
    [first] = await office.sync(until=FIRST)
    execute(office.database_url, "DELETE FROM accounting_day")
    (office.folder / "TS-2026-11-20.json").unlink()
    again, *_ = await office.sync()
    assert again == first
    assert (office.folder / "TS-2026-11-20.csv").read_bytes() == as_csv(first)


async def test_what_broke_off_goes_on_with_the_same_whatever_was_recorded_since(office: Office) -> None:
    *_, last = await office.sync()
    execute(office.database_url, "DELETE FROM accounting_day WHERE day = %s", last.day)
    await office.post("captured", days=20)
    assert await office.sync() == [last]


async def test_another_file_under_a_days_name_is_refused_and_stays(office: Office) -> None:
    path = office.folder / "TS-2026-11-20.csv"
    path.write_text("somebody else's")
    for _ in range(2):
        with pytest.raises(DayDiffers):
            await office.sync()
    assert path.read_text() == "somebody else's"
    path.unlink()
    await office.sync()
    path.write_text("changed")
    with pytest.raises(DayDiffers):
        await office.sync()


async def test_a_day_is_handed_over_when_it_is_over_and_not_after_the_last_that_is_wanted(office: Office) -> None:
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    assert await office.sync(now=midnight + timedelta(minutes=4)) == []
    assert [each.day for each in await office.sync(now=midnight + timedelta(minutes=6))] == [FIRST]
    assert [each.day for each in await office.sync(until=FIRST + DAY)] == [FIRST + DAY]
    assert [each.day for each in await office.sync()] == [FIRST + 4 * DAY]


async def test_what_a_slow_clock_dates_into_a_day_that_is_done_is_of_the_next(office: Office) -> None:
    await office.sync()
    await office.post("captured", days=0.1)
    await office.post("authorized", days=5)
    [late] = await office.sync()
    assert late.day == FIRST + 5 * DAY
    assert "merchant:*:pending" in {line.account for line in late.lines}


async def test_there_is_nothing_to_hand_over_from_empty_books(database_url: str, tmp_path: Path) -> None:
    pool = ReadPool(database_url)
    await pool.open()
    async with open_store(database_url) as store:
        assert await Office(database_url, store, pool, tmp_path).sync() == []
    await pool.aclose()
