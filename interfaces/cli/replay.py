"""`tallystick replay`: the whole store folded again, and compared with every read model."""

import click

from interfaces.cli.progress import all_events
from interfaces.cli.shared import console, told_clearly, with_core
from interfaces.composition import Core, view_connection
from interfaces.verification import Difference, Replay, view_difference
from projections.tables import all_rows, checkpoints
from projections.views import VIEWS


@click.command()
@told_clearly
def replay() -> None:
    """Compare the read models with a replay.

    Folds every event from the first on, and compares the result with every row of every read model. Exits with
    1 and names the first difference of each view when one departs. Views that are behind the store (no
    worker runs) are reported as such.
    """
    differences = with_core(_compare)
    if differences:
        for difference in differences:
            console.print(f"{difference.where}\n  kept      {difference.kept}\n  replayed  {difference.replayed}")
        raise click.ClickException(f"{len(differences)} of {len(VIEWS)} views differ from the replay.")


async def _compare(core: Core) -> list[Difference]:
    replayed = Replay()
    async for batch in all_events(core, "Replaying"):
        replayed.take_in(batch)
    differences = []
    head = await core.store.head()
    async with await view_connection(core.settings) as connection:
        stands = {checkpoint.projection: checkpoint for checkpoint in await checkpoints(connection)}
        for name, view in VIEWS.items():
            difference = view_difference(view, await all_rows(connection, view), replayed.rows[name])
            behind = head - stands[name].position
            said = ["differs" if difference else "equals the replay"]
            if behind:
                said.append(f"{behind:,} positions behind the store")
            if failure := stands[name].failure:
                said.append(f"stands still: {failure}")
            console.print(f"{name:20} {len(replayed.rows[name]):>9,} rows  {', '.join(said)}")
            if difference:
                differences.append(difference)
    console.print(f"{replayed.events:,} events, {replayed.entries:,} journal entries.")
    return differences
