"""A stream that operators write, such as the terms': decided on as it stands, and appended to unless it moved on."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from application.write.append import CONFLICTS_MAX, TooManyConflicts
from application.write.recording import record_all
from application.write.store import Append, AppendResult, VersionConflict
from domain.history import AnyEvent, Cause, Positioned, last_recorded_at
from domain.identifiers import PLATFORM


class StreamStore(Protocol):
    """What is asked of the event store. Every method raises StoreUnavailable when it does not answer."""

    async def append(self, append: Append) -> AppendResult: ...

    async def history_after(self, stream_id: UUID, version: int) -> Sequence[Positioned]:
        """The events of one stream after its `version`th, in order."""
        ...


async def append_decided(
    store: StreamStore,
    stream_id: UUID,
    decide: Callable[[Sequence[Positioned]], Sequence[AnyEvent]],
    *,
    cause: Cause,
    now: Callable[[], datetime],
) -> None:
    """Append what `decide` makes of the whole stream; decide again where somebody else was first.

    Raises what `decide` does, TooManyConflicts, StoreUnavailable.
    """
    for _ in range(CONFLICTS_MAX):
        history = await store.history_after(stream_id, 0)
        events = decide(history)
        updated_at = last_recorded_at(history)
        if not events or await appended(
            store, stream_id, len(history), events, cause=cause, now=now(), updated_at=updated_at
        ):
            return
    raise TooManyConflicts()


async def appended(
    store: StreamStore,
    stream_id: UUID,
    version: int,
    events: Sequence[AnyEvent],
    *,
    cause: Cause,
    now: datetime,
    updated_at: datetime | None,
) -> bool:
    """Append `events` as those after `version`, which is of `updated_at`; False when somebody else was first. Raises
    StoreUnavailable."""
    recorded = record_all(stream_id, version, events, merchant_id=PLATFORM, cause=cause, now=now, updated_at=updated_at)
    return not isinstance(await store.append(Append(events=recorded)), VersionConflict)
