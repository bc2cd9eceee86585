"""Query parameters that several routes have: their description, and the reading of their text."""

from enum import StrEnum
from typing import Annotated, TypeVar
from uuid import UUID

from litestar.openapi.spec import Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import QueryParameter

from domain.money.currencies import READABLE_DECIMALS
from interfaces import ids
from interfaces.resources.position import POSITION_PATTERN
from interfaces.resources.refusals import ParameterInvalid

E = TypeVar("E", bound=StrEnum)

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
CurrencyParameter = Annotated[str, QueryParameter(name="currency", schema_extra={"enum": sorted(READABLE_DECIMALS)})]
FromParameter = Annotated[
    str, QueryParameter(name="from", description="An RFC 3339 time: at it or later", schema_extra=DATE_TIME)
]
ToParameter = Annotated[
    str, QueryParameter(name="to", description="An RFC 3339 time: before it", schema_extra=DATE_TIME)
]
PositionCursorParameter = Annotated[
    str | None,
    QueryParameter(
        name="cursor", description="`next_cursor` of the page before", schema_extra={"pattern": POSITION_PATTERN}
    ),
]


def member_named(kind: type[E], field: str, text: str | None) -> E | None:
    """The member that `text` names. Raises ParameterInvalid."""
    if text is None:
        return None
    try:
        return kind(text)
    except ValueError:
        raise ParameterInvalid(field=field, reason=f"expected one of {', '.join(kind)}") from None


def cursor_uuid(cursor: str | None, kind: str) -> UUID | None:
    """The last of an earlier page, by its id of that `kind`; None at the beginning. Raises ParameterInvalid."""
    last = None if cursor is None else ids.parse(cursor, kind)
    if cursor is not None and last is None:
        raise ParameterInvalid(field="cursor", reason="expected the next_cursor of an earlier page")
    return last
