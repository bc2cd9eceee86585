"""A moment that a reader names, as an RFC 3339 time or as a position, and the part of history up to that moment."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import takewhile

from domain.history import Positioned
from interfaces.resources.position import is_position
from interfaces.resources.refusals import AsOfInFuture, ParameterInvalid
from projections.engine.waiting import Reader
from projections.ledger.entries import Store
from projections.ledger.moments import position_at

# A plus sign that nobody escaped arrives as a space.
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+ -]\d\d:\d\d)", re.ASCII | re.IGNORECASE)


def instant(field: str, text: str) -> datetime:
    """An RFC 3339 instant with its offset. Raises ParameterInvalid."""
    try:
        if _INSTANT.fullmatch(text):
            return datetime.fromisoformat(text.upper().replace(" ", "+")).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ParameterInvalid(field=field, reason="expected an RFC 3339 time with an offset, such as 2026-01-31T09:00:00Z")


def optional_instant(field: str, text: str | None) -> datetime | None:
    """The same; None for a parameter that was left out."""
    return None if text is None else instant(field, text)


def moment(as_of: str, *, now: datetime, head: int) -> datetime | int:
    """The instant, or the position, that `as_of` names.

    Raises ParameterInvalid for other text, and AsOfInFuture for a moment after `now`, or after `head`.
    """
    named = int(as_of) if is_position(as_of) else instant("as_of", as_of)
    if named > head if isinstance(named, int) else named > now:
        raise AsOfInFuture(as_of=as_of)
    return named


def cut(history: Sequence[Positioned], as_of: str, *, now: datetime, head: int) -> Sequence[Positioned]:
    """The first part of `history`, up to `as_of`, an instant or a position.

    Always a first part, although the clocks of the processes that wrote the history may differ by a little.

    Raises ParameterInvalid for other text, and AsOfInFuture for a moment after `now`, or after `head`.
    """
    last = moment(as_of, now=now, head=head)
    if isinstance(last, int):
        return list(takewhile(lambda positioned: positioned.position <= last, history))
    return list(takewhile(lambda positioned: positioned.event.recorded_at <= last, history))


async def position_of(reader: Reader, store: Store, as_of: str | None, *, now: datetime) -> int:
    """The position at which to read the books as of `as_of`; without one, the store's last position.

    Entries recorded at that very instant are included. Raises ParameterInvalid, AsOfInFuture, ViewBehind.
    """
    head = await store.head()
    return await position_at(reader, store, head if as_of is None else moment(as_of, now=now, head=head))
