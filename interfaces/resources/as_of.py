"""A payment as it was: its history up to an instant, or to a position."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import takewhile
from typing import Annotated

from litestar.openapi.spec import Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import QueryParameter

from domain.history import Positioned
from interfaces.http.server.reply import POSITION_PATTERN, is_position
from interfaces.resources.refusals import AsOfInFuture, ParameterInvalid

# A plus sign that nobody escaped arrives as a space.
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+ -]\d\d:\d\d)", re.ASCII | re.IGNORECASE)

_INSTANT_SCHEMA = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE_TIME)
_POSITION_SCHEMA = Schema(type=OpenAPIType.STRING, pattern=POSITION_PATTERN)

DATE_TIME = {"format": OpenAPIFormat.DATE_TIME}
InstantParameter = Annotated[str | None, QueryParameter(description="An RFC 3339 time", schema_extra=DATE_TIME)]
AsOfParameter = Annotated[
    str | None,
    QueryParameter(
        description="An RFC 3339 time, or a position, that is not in the future",
        schema_extra={"any_of": [_INSTANT_SCHEMA, _POSITION_SCHEMA]},
    ),
]


def instant(field: str, text: str) -> datetime:
    """An RFC 3339 instant with its offset. Raises ParameterInvalid."""
    try:
        if _INSTANT.fullmatch(text):
            return datetime.fromisoformat(text.upper().replace(" ", "+")).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ParameterInvalid(field=field, reason="expected an RFC 3339 time with an offset, such as 2026-01-31T09:00:00Z")


def cut(history: Sequence[Positioned], as_of: str, *, now: datetime, head: int) -> Sequence[Positioned]:
    """The first part of `history`, up to `as_of`, an instant or a position.

    Always a first part, although the clocks of the processes that wrote it may differ by a little.

    Raises ParameterInvalid when it is neither, AsOfInFuture when it is after `now`, or `head`.
    """
    last = moment(as_of, now=now, head=head)
    if isinstance(last, int):
        return list(takewhile(lambda positioned: positioned.position <= last, history))
    return list(takewhile(lambda positioned: positioned.event.recorded_at <= last, history))


def moment(as_of: str, *, now: datetime, head: int) -> datetime | int:
    """The instant, or the position, that `as_of` names.

    Raises ParameterInvalid when it is neither, AsOfInFuture when it is after `now`, or `head`.
    """
    named = int(as_of) if is_position(as_of) else instant("as_of", as_of)
    if named > head if isinstance(named, int) else named > now:
        raise AsOfInFuture(as_of=as_of)
    return named
