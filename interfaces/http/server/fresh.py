"""A query that names a position waits, a moment at most, until the view has come there: merchants read their writes."""

import asyncio
import time
from typing import Annotated, Any

from litestar.params import HeaderParameter

from interfaces.http.server.reply import POSITION_HEADER, POSITION_PATTERN, is_position
from interfaces.http.server.services import Services
from interfaces.resources.refusals import ParameterInvalid, ViewBehind
from projections.engine.tables import positions
from projections.engine.view import View

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
_POLL_S = 0.01


async def wait_for_position(services: Services, view: View[Any], wanted: str | None) -> int:
    """The position at which `view` stands, once that is at least `wanted` (the header's text, or None).

    Raises ParameterInvalid when that is no position, ViewBehind when the view does not come there in time,
    ViewRebuilding when its rows in service cannot be read by this version.
    """
    position = 0
    if wanted is not None:
        if not is_position(wanted):
            raise ParameterInvalid(field=POSITION_HEADER, reason="expected the position of an earlier reply")
        position = int(wanted)
    begun_s = time.monotonic()
    is_known = False
    while True:
        reached = await _reached(services, view)
        if reached >= position:
            return reached
        if not is_known and position > await services.store.head():
            raise ParameterInvalid(field=POSITION_HEADER, reason="no event has come to this position yet")
        is_known = True
        if time.monotonic() >= begun_s + WAIT_S:
            raise ViewBehind(view=view.name, position=position)
        await asyncio.sleep(_POLL_S)


async def _reached(services: Services, view: View[Any]) -> int:
    async with services.reader() as connection:
        return (await positions(connection, [view]))[view.name]
