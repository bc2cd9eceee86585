"""A payout as its events make it, with the version that the next append follows."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from application.write.recording import record_all
from application.write.store import EventStore
from domain.bank_account.events import BankAccountEvent
from domain.bank_account.state import BankAccount
from domain.bank_account.state import fold as fold_bank_account
from domain.errors import DomainError
from domain.history import Cause, Positioned, Recorded, of_kind
from domain.identifiers import BankAccountId, MerchantId, PayoutId
from domain.payout.events import PayoutEvent
from domain.payout.evolve import evolve, fold
from domain.payout.state import Payout


class PayoutNotFound(DomainError):
    """There is no such payout, or the payout is another merchant's, which must look the same."""


class LoadedPayout(Struct, frozen=True, kw_only=True):
    """`version` and `updated_at` are of the last event in the payout's stream, `created_at` is of the first.
    `position` is that of the last event, None before the event has a position."""

    id: PayoutId
    payout: Payout
    version: int
    created_at: datetime
    updated_at: datetime
    position: int | None

    @property
    def merchant_id(self) -> MerchantId:
        return self.payout.order.merchant_id

    def record(self, events: Sequence[PayoutEvent], *, cause: Cause, now: datetime) -> tuple[Recorded, ...]:
        """`events` as the next of the payout's stream, with the journal entries they cause."""
        return record_all(
            self.id,
            self.version,
            events,
            merchant_id=self.merchant_id,
            cause=cause,
            now=now,
            updated_at=self.updated_at,
        )

    def first(self, events: Sequence[PayoutEvent], *, cause: Cause) -> tuple[Recorded, ...]:
        """`events` as the first of the payout's stream, with the journal entries they cause."""
        return record_all(self.id, 0, events, merchant_id=self.merchant_id, cause=cause, now=self.created_at)

    def after(self, events: Sequence[PayoutEvent], *, now: datetime, position: int | None) -> "LoadedPayout":
        """The payout once `events` have been appended to it."""
        payout = self.payout
        for event in events:
            payout = evolve(payout, event)
        return replace(
            self,
            payout=payout,
            version=self.version + len(events),
            updated_at=max(self.updated_at, now),
            position=position,
        )


def begun(payout_id: PayoutId, events: Sequence[PayoutEvent], now: datetime) -> LoadedPayout:
    """A new payout whose events are `events`."""
    payout = fold(events)
    assert payout is not None
    return LoadedPayout(id=payout_id, payout=payout, version=len(events), created_at=now, updated_at=now, position=None)


async def load(store: EventStore, payout_id: PayoutId) -> LoadedPayout:
    """The payout after all its events. Raises PayoutNotFound, StoreUnavailable."""
    loaded = _loaded(await store.history(payout_id))
    if loaded is None:
        raise PayoutNotFound()
    return loaded


async def load_all(store: EventStore, payout_ids: Iterable[PayoutId]) -> dict[PayoutId, LoadedPayout]:
    """The payouts by their ids; ids of no payout are left out. Raises StoreUnavailable."""
    histories = by_stream(await store.histories(list(payout_ids)))
    return {loaded.id: loaded for history in histories.values() if (loaded := _loaded(history)) is not None}


async def load_bank_accounts(
    store: EventStore, account_ids: Iterable[BankAccountId]
) -> dict[BankAccountId, BankAccount]:
    """The bank accounts by their ids, removed or not; ids of no bank account are left out. Raises StoreUnavailable."""
    accounts = {}
    for stream_id, history in by_stream(await store.histories(list(account_ids))).items():
        events = of_kind(history, BankAccountEvent)
        account = fold_bank_account(cast("BankAccountEvent", positioned.event.data) for positioned in events)
        if account is not None:
            accounts[BankAccountId(stream_id)] = account
    return accounts


def by_stream(events: Iterable[Positioned]) -> dict[UUID, list[Positioned]]:
    histories: dict[UUID, list[Positioned]] = defaultdict(list)
    for positioned in events:
        histories[positioned.event.originator_id].append(positioned)
    return histories


def _loaded(history: Sequence[Positioned]) -> LoadedPayout | None:
    """The payout of a stream; None where the stream is of another kind."""
    payout = fold(cast("PayoutEvent", positioned.event.data) for positioned in of_kind(history, PayoutEvent))
    if payout is None:
        return None
    first, last = history[0], history[-1]
    return LoadedPayout(
        id=PayoutId(first.event.originator_id),
        payout=payout,
        version=len(history),
        created_at=first.event.recorded_at,
        updated_at=last.event.recorded_at,
        position=last.position,
    )
