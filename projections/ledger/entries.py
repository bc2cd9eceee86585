"""The lines of the journal, made of the entries in the store at the positions that the views have."""

from collections.abc import Awaitable, Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from domain.history import Positioned
from domain.ledger.accounts import AccountCode
from domain.ledger.entry import JournalEntryPosted


class Store(Protocol):
    """The event store, read by position."""

    def head(self) -> Awaitable[int]: ...

    def after(self, position: int, *, events_max: int) -> Awaitable[Sequence[Positioned]]: ...

    def at(self, positions: Sequence[int]) -> Awaitable[Sequence[Positioned]]: ...


class Line(Struct, frozen=True, kw_only=True):
    """`line` counts the entry's postings from 1. `signed_minor` counts debits up and credits down. `payment_id` is None
    for an entry that is not about one payment."""

    position: int
    line: int
    entry_id: UUID
    payment_id: UUID | None
    account: AccountCode
    currency: str
    signed_minor: int
    cause: str
    recorded_at: datetime


async def lines_at(
    store: Store, positions: Sequence[int], accounts: Collection[AccountCode], currency: str
) -> list[Line]:
    """The lines of `accounts` in `currency` of the entries at `positions`, in order and at most as many as there are
    positions. `positions` are in order, with the position of an entry once for each of its lines."""
    entries = await store.at(list(dict.fromkeys(positions)))
    lines = [line for entry in entries for line in _lines(entry) if _is_of(line, accounts, currency)]
    return lines[: len(positions)]


def _is_of(line: Line, accounts: Collection[AccountCode], currency: str) -> bool:
    return line.account in accounts and line.currency == currency


def _lines(positioned: Positioned) -> list[Line]:
    event, entry = positioned.event, positioned.event.data
    assert isinstance(entry, JournalEntryPosted)
    return [
        Line(
            position=positioned.position,
            line=number,
            entry_id=event.originator_id,
            payment_id=entry.payment_id,
            account=posting.account,
            currency=posting.amount.currency,
            signed_minor=posting.signed_minor,
            cause=entry.cause,
            recorded_at=event.recorded_at,
        )
        for number, posting in enumerate(entry.postings, start=1)
    ]
