"""Events as they go into the store: one that moves money is followed, in the same append, by its journal entry."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from domain.history import AnyEvent, Cause, Positioned, Recorded, record
from domain.identifiers import MerchantId
from domain.ledger.entry import entry_id_for
from domain.ledger.rules import entry_for
from domain.payment.events import OperationEnded


def record_all(
    stream_id: UUID,
    version: int,
    events: Sequence[AnyEvent],
    *,
    merchant_id: MerchantId,
    cause: Cause,
    now: datetime,
    updated_at: datetime | None = None,
) -> tuple[Recorded, ...]:
    """`events`, none of which moves money, as those after `version` of their stream, whose last event is of
    `updated_at`."""
    recorded_at = _in_order(version, now, updated_at)
    return tuple(
        record(stream_id, number, event, merchant_id=merchant_id, cause=cause, recorded_at=recorded_at)
        for number, event in enumerate(events, start=version + 1)
    )


def record_with_entries(
    stream_id: UUID,
    version: int,
    events: Sequence[AnyEvent],
    *,
    merchant_id: MerchantId,
    cause: Cause,
    now: datetime,
    updated_at: datetime | None = None,
    asked_at: datetime | None = None,
) -> tuple[Recorded, ...]:
    """`events` as those after `version` of their stream, whose last event is of `updated_at`, each followed by the
    journal entry it causes. `asked_at` goes with those that tell how an operation ended."""
    recorded_at = _in_order(version, now, updated_at)

    def stamped(stream_id: UUID, version: int, event: AnyEvent, cause: Cause) -> Recorded:
        asked = asked_at if isinstance(event, OperationEnded) else None
        return record(
            stream_id, version, event, merchant_id=merchant_id, cause=cause, recorded_at=recorded_at, asked_at=asked
        )

    recorded: list[Recorded] = []
    for cause_version, event in enumerate(events, start=version + 1):
        recorded.append(stamped(stream_id, cause_version, event, cause))
        entry = entry_for(stream_id, cause_version, event)
        if entry is not None:
            entry_id = entry_id_for(stream_id, cause_version)
            entry_cause = replace(cause, causation_id=f"{stream_id}:{cause_version}")
            recorded.append(stamped(entry_id, 1, entry, entry_cause))
    return tuple(recorded)


def _in_order(version: int, now: datetime, updated_at: datetime | None) -> datetime:
    """When events after `version` are recorded: a clock that was set back takes no stream back in time."""
    if updated_at is None:
        assert version == 0, "what is appended to a stream is given the time of its last event"
        return now
    return max(now, updated_at)


def position_with_entry(positioned: Positioned) -> int:
    """Of the journal entry that an event caused, which follows it at once; the event's own where it caused none."""
    event = positioned.event
    caused = entry_for(event.originator_id, event.originator_version, event.data) is not None
    return positioned.position + caused
