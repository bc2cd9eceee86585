"""A dispute as its events make it, with what an append to it has to know."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast

from msgspec import Struct
from msgspec.structs import replace

from application.write.store import EventStore
from domain.dispute.events import DisputeCaseEvent
from domain.dispute.evolve import evolve, fold
from domain.dispute.state import DisputeCase
from domain.errors import DomainError
from domain.history import Positioned, of_kind
from domain.identifiers import DisputeCaseId, MerchantId


class DisputeNotFound(DomainError):
    """There is no such dispute, or it is another merchant's, which must look the same."""


class LoadedDispute(Struct, frozen=True, kw_only=True):
    """`version` and `updated_at` are of the last event in the dispute's stream, `opened_at` of the first."""

    id: DisputeCaseId
    dispute: DisputeCase
    version: int
    opened_at: datetime
    updated_at: datetime
    position: int | None = None

    @property
    def merchant_id(self) -> MerchantId:
        return self.dispute.case.merchant_id

    def owned_by(self, merchant_id: MerchantId) -> "LoadedDispute":
        """Itself, for the merchant whose it is. Raises DisputeNotFound for any other."""
        if self.merchant_id != merchant_id:
            raise DisputeNotFound()
        return self

    def after(self, events: Sequence[DisputeCaseEvent], position: int | None, *, now: datetime) -> "LoadedDispute":
        """The dispute once `events` have been appended to it, decided on at `now`, the last of the append at
        `position`."""
        dispute = self.dispute
        for event in events:
            dispute = evolve(dispute, event)
        return replace(
            self,
            dispute=dispute,
            version=self.version + len(events),
            updated_at=max(self.updated_at, now),
            position=position or self.position,
        )


async def load_dispute(store: EventStore, case_id: DisputeCaseId) -> LoadedDispute:
    """The dispute as it is now. Raises DisputeNotFound, StoreUnavailable."""
    loaded = dispute_from(case_id, await store.history(case_id))
    if loaded is None:
        raise DisputeNotFound()
    return loaded


def dispute_from(case_id: DisputeCaseId, history: Sequence[Positioned]) -> LoadedDispute | None:
    """The dispute after `history`, all of its stream; None when that is empty, or of something else."""
    dispute = fold(dispute_events(of_kind(history, DisputeCaseEvent)))
    if dispute is None:
        return None
    return LoadedDispute(
        id=case_id,
        dispute=dispute,
        version=len(history),
        opened_at=history[0].event.recorded_at,
        updated_at=history[-1].event.recorded_at,
        position=history[-1].position,
    )


def dispute_events(history: Iterable[Positioned]) -> Iterable[DisputeCaseEvent]:
    """The facts of a dispute's stream."""
    return (cast("DisputeCaseEvent", positioned.event.data) for positioned in history)
