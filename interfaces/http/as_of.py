"""A payment as it was: its history up to an instant, or to a position."""

from collections.abc import Sequence
from datetime import UTC, datetime

from domain.history import Positioned
from interfaces.http.refusals import AsOfInFuture, ParameterInvalid
from interfaces.http.reply import is_position


def instant(field: str, text: str) -> datetime:
    """An RFC 3339 instant with its offset. Raises ParameterInvalid."""
    try:
        # A plus sign that nobody escaped arrives as a space.
        parsed = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        raise ParameterInvalid(
            field=field, reason="expected an RFC 3339 time with an offset, such as 2026-01-31T09:00:00Z"
        )
    return parsed.astimezone(UTC)


def cut(history: Sequence[Positioned], as_of: str, *, now: datetime, head: int) -> Sequence[Positioned]:
    """The part of `history` that had happened at `as_of`, an instant or a position.

    Raises ParameterInvalid when it is neither, AsOfInFuture when it is after `now`, or `head`.
    """
    if is_position(as_of):
        position = int(as_of)
        if position > head:
            raise AsOfInFuture(as_of=as_of)
        return [positioned for positioned in history if positioned.position <= position]
    moment = instant("as_of", as_of)
    if moment > now:
        raise AsOfInFuture(as_of=as_of)
    return [positioned for positioned in history if positioned.event.recorded_at <= moment]
