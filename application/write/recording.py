"""Recording an event that moves money and recording its journal entry are one step: no append has one without the
other."""

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
    asked_at: datetime | None = None,
) -> tuple[Recorded, ...]:
    """`events` as the next after `version` of their stream, each followed by the journal entry that it causes.

    `updated_at` is when the stream's last event was recorded. `asked_at` is stored with the events that end an
    operation.
    """
    recorded_at = _in_order(version, now, updated_at)
    recorded: list[Recorded] = []
    for event_version, event in enumerate(events, start=version + 1):
        recorded.append(
            record(
                stream_id,
                event_version,
                event,
                merchant_id=merchant_id,
                cause=cause,
                recorded_at=recorded_at,
                asked_at=asked_at if isinstance(event, OperationEnded) else None,
            )
        )
        entry = entry_for(stream_id, event_version, event)
        if entry is not None:
            entry_cause = replace(cause, causation_id=f"{stream_id}:{event_version}")
            entry_id = entry_id_for(stream_id, event_version)
            recorded.append(
                record(entry_id, 1, entry, merchant_id=merchant_id, cause=entry_cause, recorded_at=recorded_at)
            )
    return tuple(recorded)


def _in_order(version: int, now: datetime, updated_at: datetime | None) -> datetime:
    """The time of the events after `version`: a clock that was set back takes no stream back in time."""
    if updated_at is None:
        assert version == 0, "what is appended to a stream is given the time of its last event"
        return now
    return max(now, updated_at)


def position_with_entry(positioned: Positioned) -> int:
    """The position of the journal entry that an event caused, which follows it at once; the event's own where it caused
    none."""
    event = positioned.event
    caused = entry_for(event.originator_id, event.originator_version, event.data) is not None
    return positioned.position + caused
