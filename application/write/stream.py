"""A stream that operators write, such as the terms', is decided on as a whole and appended to."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from application.write.append import AppendPort, Proposal, Unchanged, decide_and_append, unreachable
from application.write.recording import record_all
from application.write.store import Append
from domain.history import AnyEvent, Cause, Positioned, last_recorded_at
from domain.identifiers import PLATFORM

Result = TypeVar("Result")


class StreamStore(AppendPort, Protocol):
    """The event store as operators' streams use it. Every method raises StoreUnavailable."""

    async def history_after(self, stream_id: UUID, version: int) -> Sequence[Positioned]:
        """The events of one stream after its `version`th, in order."""
        ...


async def append_decided(
    store: StreamStore,
    stream_id: UUID,
    decide: Callable[[Sequence[Positioned]], tuple[Result, Sequence[AnyEvent]]],
    *,
    cause: Cause,
    now: Callable[[], datetime],
) -> Result:
    """Append the events that `decide` makes of the whole stream, and give back its result.

    Raises what `decide` raises, TooManyConflicts, StoreUnavailable.
    """

    async def load() -> Sequence[Positioned]:
        return await store.history_after(stream_id, 0)

    def propose(history: Sequence[Positioned]) -> Proposal[Result] | Unchanged[Result]:
        result, events = decide(history)
        if not events:
            return Unchanged(result)
        recorded = record_all(
            stream_id,
            len(history),
            events,
            merchant_id=PLATFORM,
            cause=cause,
            now=now(),
            updated_at=last_recorded_at(history),
        )
        return Proposal(Append(events=recorded), lambda _position: result)

    return await decide_and_append(store, load, propose, limit_broken=unreachable, key_used=unreachable)
