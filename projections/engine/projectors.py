"""The projectors of a worker: the shared one, and one for each view that stands at a checkpoint of its own."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from projections.engine.checkpoint import SHARED
from projections.engine.leader_lock import Leases, turn_of
from projections.engine.projector import Feed, OwnProjector
from projections.engine.rows import Connection
from projections.engine.shared_projector import SharedProjector
from projections.engine.standings import Standings
from projections.engine.view import View
from projections.engine.waiting import Reader

Task = Callable[[], Awaitable[None]]


def projector_tasks(
    views: Mapping[str, View[Any]],
    *,
    connect: Callable[[str], Awaitable[Connection]],
    reader: Reader,
    feed: Feed,
    turns: Leases,
) -> dict[str, Task]:
    """The tasks that keep `views` current, by name; each is to be started again whenever it ends.

    `connect` gives a connection for the projector of that checkpoint."""
    standings = Standings(views.values())

    async def project_shared() -> None:
        async with await connect(SHARED) as connection:
            await SharedProjector(views, standings, connection=connection, feed=feed, turns=turns).run()

    def projecting(view: View[Any]) -> Task:
        async def project() -> None:
            await standings.until_alone(view)
            async with await connect(view.name) as connection:
                await OwnProjector(view, connection=connection, feed=feed, turns=turns).run()

        return project

    return {
        "standings": lambda: standings.run(reader),
        turn_of(SHARED): project_shared,
        **{turn_of(view.name): projecting(view) for view in views.values()},
    }
