"""What is read page by page from one time to another, neither of which is in the future."""

from datetime import datetime
from typing import Annotated

from litestar.params import QueryParameter

from domain.money.currencies import READABLE_DECIMALS
from interfaces.http.server.reply import POSITION_PATTERN, is_position
from interfaces.resources.as_of import DATE_TIME, instant
from interfaces.resources.refusals import ParameterInvalid

CurrencyParameter = Annotated[str, QueryParameter(name="currency", schema_extra={"enum": sorted(READABLE_DECIMALS)})]
FromParameter = Annotated[
    str, QueryParameter(name="from", description="An RFC 3339 time: at it or later", schema_extra=DATE_TIME)
]
ToParameter = Annotated[
    str, QueryParameter(name="to", description="An RFC 3339 time: before it", schema_extra=DATE_TIME)
]
CursorParameter = Annotated[
    str | None,
    QueryParameter(
        name="cursor", description="`next_cursor` of the page before", schema_extra={"pattern": POSITION_PATTERN}
    ),
]


def period_of(begin: str, end: str, *, now: datetime) -> tuple[datetime, datetime]:
    """The instants `from` and `to`. Raises ParameterInvalid for what is none, in the future, or the wrong way round."""
    since, to = instant("from", begin), instant("to", end)
    if to > now:
        raise ParameterInvalid(field="to", reason="it is in the future; a statement never changes")
    if since > to:
        raise ParameterInvalid(field="from", reason="it is after the statement's end")
    return since, to


def position_after(cursor: str | None, begin: int) -> int:
    """The position after which the page goes on, not before the period's beginning. Raises ParameterInvalid."""
    if cursor is None:
        return begin
    if not is_position(cursor):
        raise ParameterInvalid(field="cursor", reason="expected the next_cursor of an earlier page")
    return max(begin, int(cursor))
