"""A period from one time to another, neither of which is in the future, read page by page."""

from datetime import datetime

from interfaces.resources.as_of import instant
from interfaces.resources.position import is_position
from interfaces.resources.refusals import ParameterInvalid


def period_of(begin: str, end: str, *, now: datetime) -> tuple[datetime, datetime]:
    """The instants `from` and `to`. Raises ParameterInvalid for other text, for a time in the future, and for a period
    that ends before its beginning."""
    since, to = instant("from", begin), instant("to", end)
    if to > now:
        raise ParameterInvalid(field="to", reason="it is in the future; a statement never changes")
    if since > to:
        raise ParameterInvalid(field="from", reason="it is after the statement's end")
    return since, to


def position_after(cursor: str | None, begin: int) -> int:
    """The position after which the page begins, not before the period's beginning. Raises ParameterInvalid."""
    if cursor is None:
        return begin
    if not is_position(cursor):
        raise ParameterInvalid(field="cursor", reason="expected the next_cursor of an earlier page")
    return max(begin, int(cursor))
