"""A dispute folded from its stream, with the version and time that the next append continues from."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast

from msgspec import Struct
from msgspec.structs import replace

from application.write.recording import record_all
from application.write.store import EventStore
from domain.dispute.events import DisputeCaseEvent
from domain.dispute.evolve import evolve, fold
from domain.dispute.state import DisputeCase
from domain.errors import DomainError
from domain.history import Cause, Positioned, Recorded, of_kind
from domain.identifiers import DisputeCaseId, MerchantId


class DisputeNotFound(DomainError):
    """No dispute has the id, or the dispute is another merchant's: the two must look the same."""


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
        """This dispute, for the merchant that it belongs to. Raises DisputeNotFound for any other."""
        if self.merchant_id != merchant_id:
            raise DisputeNotFound()
        return self

    def record(self, events: Sequence[DisputeCaseEvent], *, cause: Cause, now: datetime) -> tuple[Recorded, ...]:
        """`events` as the next ones of the dispute's stream."""
        return record_all(
            self.id,
            self.version,
            events,
            merchant_id=self.merchant_id,
            cause=cause,
            now=now,
            updated_at=self.updated_at,
        )

    def after(self, events: Sequence[DisputeCaseEvent], position: int | None, *, now: datetime) -> "LoadedDispute":
        """The dispute after `events`, which were decided on at `now` and appended up to `position`."""
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
    """The dispute at present. Raises DisputeNotFound, StoreUnavailable."""
    loaded = dispute_from(case_id, await store.history(case_id))
    if loaded is None:
        raise DisputeNotFound()
    return loaded


def dispute_from(case_id: DisputeCaseId, history: Sequence[Positioned]) -> LoadedDispute | None:
    """The dispute after `history`, its whole stream; None when the stream is empty, or not a dispute's."""
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


def begin_dispute(
    case_id: DisputeCaseId, events: Sequence[DisputeCaseEvent], position: int | None, *, now: datetime
) -> LoadedDispute:
    """The dispute that `events` begin, which were decided on at `now` and appended up to `position`."""
    first, *further = events
    begun = LoadedDispute(
        id=case_id, dispute=evolve(None, first), version=1, opened_at=now, updated_at=now, position=position
    )
    return begun.after(further, position, now=now)


def dispute_events(history: Iterable[Positioned]) -> Iterable[DisputeCaseEvent]:
    """The events of a dispute's stream."""
    return (cast("DisputeCaseEvent", positioned.event.data) for positioned in history)
