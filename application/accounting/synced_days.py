"""Each day is handed to book-keeping once, and its files never change afterwards."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from msgspec import Struct


class SyncedDay(Struct, frozen=True, kw_only=True):
    """The entries of a UTC day: those after position `after` and up to `up_to`. The hashes are of the day's files."""

    day: date
    after: int
    up_to: int
    csv_sha256: bytes
    json_sha256: bytes
    synced_at: datetime


class SyncedDays(Protocol):
    """Each method raises StoreUnavailable."""

    async def all(self) -> Sequence[SyncedDay]:
        """All days that were handed over, in order."""
        ...

    async def add(self, synced: SyncedDay) -> None:
        """Record a day; no effect where the day was recorded before."""
        ...
