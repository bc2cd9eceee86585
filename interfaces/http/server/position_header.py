"""A query that names a position in its header waits a moment for the view: merchants read their own writes."""

import time
from typing import Annotated, Any

from litestar.params import HeaderParameter

from interfaces.http.server.services import Services
from interfaces.resources.position import POSITION_HEADER, POSITION_PATTERN, is_position
from interfaces.resources.refusals import ParameterInvalid
from projections.engine.checkpoint import positions
from projections.engine.view import View
from projections.engine.waiting import wait_for

WaitForPosition = Annotated[
    str | None,
    HeaderParameter(
        name=POSITION_HEADER,
        description="A position from an earlier reply: the view is waited for until it is there",
        schema_extra={"pattern": POSITION_PATTERN},
    ),
]
WAIT_S = 1.5
"""Within the deadline of the request, with time to answer."""


async def wait_for_position(services: Services, view: View[Any], wanted: str | None) -> int:
    """The position of `view`, once it is at least `wanted` (the header's text, or None).

    Raises ParameterInvalid for text that is no position of the store, ViewBehind for a view that stays behind, and
    ViewRebuilding for a view whose rows this version cannot read.
    """
    position = _position_of(wanted)
    begun_s = time.monotonic()
    async with services.reader() as connection:
        reached = (await positions(connection, [view]))[view.name]
    if reached >= position:
        return reached
    require_stored(wanted, await services.store.head())
    return await wait_for(services.reader, [view], position, within_s=begun_s + WAIT_S - time.monotonic())


def require_stored(wanted: str | None, head: int) -> None:
    """Raises ParameterInvalid for text that is no position of a store whose last position is `head`."""
    if _position_of(wanted) > head:
        raise ParameterInvalid(field=POSITION_HEADER, reason="no event has come to this position yet")


def _position_of(wanted: str | None) -> int:
    if wanted is None:
        return 0
    if not is_position(wanted):
        raise ParameterInvalid(field=POSITION_HEADER, reason="expected the position of an earlier reply")
    return int(wanted)
