"""Which days were handed to book-keeping, and what was handed over: once, and never something else."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from msgspec import Struct


class SyncedDay(Struct, frozen=True, kw_only=True):
    """A UTC day's entries: those after position `after` and up to `up_to`; the hashes are of its files."""

    day: date
    after: int
    up_to: int
    csv_sha256: bytes
    json_sha256: bytes
    synced_at: datetime


class SyncedDays(Protocol):
    """Each method raises StoreUnavailable."""

    async def all(self) -> Sequence[SyncedDay]:
        """In their order."""
        ...

    async def add(self, synced: SyncedDay) -> None:
        """Nothing where the day was added before: whoever is first decides what it is."""
        ...
