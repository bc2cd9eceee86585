"""Each finished day is handed to book-keeping once: its files are written whole, recorded, and never replaced."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from application.accounting.synced_days import SyncedDay, SyncedDays
from interfaces.books.day_summary import DaySummary, as_csv, as_json, digest, reference_of, summary_of
from interfaces.books.file import whole_file
from projections.engine.waiting import Reader
from projections.ledger import books
from projections.ledger.entries import Store
from projections.ledger.moments import position_before

SETTLES_WITHIN: Final = timedelta(minutes=5)
"""A day is finished so long after its end: clocks differ, and what was begun is recorded by then."""
_DAY: Final = timedelta(days=1)


class DayDiffers(Exception):
    """There is a file of that day, and it is not the one that belongs there."""


async def sync_days(
    reader: Reader, store: Store, days: SyncedDays, folder: Path, *, until: date | None, now: datetime
) -> AsyncIterator[DaySummary]:
    """Hand over every finished day up to `until` that has not been; what was is only compared with what is there.

    A day begins where the one before it ended, whatever was recorded late; one without entries is left out. Raises
    DayDiffers, OSError, ViewBehind, StoreUnavailable.
    """
    done = await days.all()
    for each in done:
        _require_same(folder, reference_of(each.day), each.csv_sha256, each.json_sha256)
    after = done[-1].up_to if done else 0
    for day in await _to_do(reader, store, done, until=until, now=now):
        before_next = await position_before(reader, store, _begin_of(day + _DAY))
        async with reader() as connection:
            # That of the day's last entry, which stays what it is: how far the store has come by now does not.
            up_to = await books.last_posted(connection, up_to=before_next)
            if up_to <= after:
                continue
            turnover = await books.turnover(connection, after=after, up_to=up_to)
        summary = summary_of(day, turnover, after=after, up_to=up_to)
        await _hand_over(days, folder, summary, now)
        yield summary
        after = up_to


async def _to_do(
    reader: Reader, store: Store, done: Sequence[SyncedDay], *, until: date | None, now: datetime
) -> Sequence[date]:
    """The finished days that follow those that are done."""
    if done:
        first = done[-1].day + _DAY
    else:
        async with reader() as connection:
            first_posted = await books.first_posted(connection)
        if first_posted is None:
            return []
        [entry] = await store.at([first_posted])
        first = entry.event.recorded_at.astimezone(UTC).date()
    last = (now - SETTLES_WITHIN).astimezone(UTC).date() - _DAY
    if until is not None:
        last = min(last, until)
    return [first + number * _DAY for number in range((last - first).days + 1)]


async def _hand_over(days: SyncedDays, folder: Path, summary: DaySummary, now: datetime) -> None:
    csv, json = as_csv(summary), as_json(summary)
    _require_same(folder, summary.reference, digest(csv), digest(json))
    for path, content in zip(_files(folder, summary.reference), (csv, json), strict=True):
        if not path.exists():
            with whole_file(path) as unfinished:
                unfinished.write_bytes(content)
    # After the files: a process that dies in between finds the same files the next time.
    await days.add(
        SyncedDay(
            day=summary.day,
            after=summary.after,
            up_to=summary.up_to,
            csv_sha256=digest(csv),
            json_sha256=digest(json),
            synced_at=now,
        )
    )


def _require_same(folder: Path, reference: str, *digests: bytes) -> None:
    """What is there already has to be what belongs there. Raises DayDiffers."""
    for path, expected in zip(_files(folder, reference), digests, strict=True):
        if path.exists() and digest(path.read_bytes()) != expected:
            raise DayDiffers(f"{path} is not what was posted on that day: it was changed, or is of other books")


def _files(folder: Path, reference: str) -> Iterable[Path]:
    return (folder / f"{reference}.csv", folder / f"{reference}.json")


def _begin_of(day: date) -> datetime:
    return datetime.combine(day, time(0), tzinfo=UTC)
