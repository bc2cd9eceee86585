"""A journal entry in the form that every format needs, with the references back to the store."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import NamedTuple, Self

from domain.history import Positioned
from domain.ledger.entry import JournalEntryPosted, Posting
from interfaces import ids


class Reference(NamedTuple):
    """Stable: the same entry has the same in every export, whatever its format. `payment` is None for an entry that is
    not about one."""

    entry: str
    payment: str | None
    merchant: str
    cause: str
    cause_version: int
    position: int
    recorded_at: str

    def named(self) -> Iterator[tuple[str, str | int]]:
        """What there is to tell."""
        return ((name, value) for name, value in self._asdict().items() if value is not None)


class PostedEntry(NamedTuple):
    """`day` is that of UTC."""

    reference: Reference
    recorded_at: datetime
    day: date
    postings: tuple[Posting, ...]

    @classmethod
    def of(cls, positioned: Positioned) -> Self:
        event, entry = positioned.event, positioned.event.data
        assert isinstance(entry, JournalEntryPosted)
        recorded_at = event.recorded_at.astimezone(UTC)
        reference = Reference(
            entry=ids.text_of(ids.ENTRY, event.originator_id),
            payment=ids.payment_text(entry.payment_id),
            merchant=entry.merchant_id,
            cause=entry.cause,
            cause_version=entry.cause_version,
            position=positioned.position,
            recorded_at=recorded_at.isoformat().replace("+00:00", "Z"),
        )
        return cls(reference, recorded_at, recorded_at.date(), entry.postings)
