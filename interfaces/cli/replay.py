"""`tallystick replay`: the whole store is folded again and compared with every read model."""

import click

from interfaces.cli.progress import all_events
from interfaces.cli.shared import console, report_failures, with_core
from interfaces.composition import Core, view_connection
from projections.verification import Difference, Replay, kept_views, view_difference
from projections.views import VIEWS


@click.command()
@report_failures
def replay() -> None:
    """Compare the read models with a replay.

    Folds every event from the first on, and compares the result with every row of every read model, each at the
    position where it stands. Exits with 1 and names the first difference of each view when one departs. Views that
    are behind the store (no worker runs) are reported as such.
    """
    differences = with_core(compare_views, read_only=True)
    if differences:
        for difference in differences:
            console.print(f"{difference.where}\n  kept      {difference.kept}\n  replayed  {difference.replayed}")
        raise click.ClickException(f"{len(differences)} of {len(VIEWS)} views differ from the replay.")


async def compare_views(core: Core) -> list[Difference]:
    """The first difference of each read model from a replay up to the read model's position; prints a line for each
    read model."""
    async with await view_connection(core.settings) as connection:
        kept = await kept_views(connection)
    replayed = Replay(views_up_to=kept.positions)
    async for batch in all_events(core, "Replaying", up_to=kept.head):
        replayed.take_in(batch)
    differences = []
    for name, view in VIEWS.items():
        checkpoint = kept.checkpoints[name]
        difference = view_difference(view, kept.rows[name], replayed.rows[name])
        said = ["differs" if difference else "equals the replay"]
        if behind := kept.head - checkpoint.position:
            said.append(f"{behind:,} positions behind the store")
        if checkpoint.failure:
            said.append(f"stands still: {checkpoint.failure}")
        console.print(f"{name:20} {len(replayed.rows[name]):>9,} rows  {', '.join(said)}")
        if difference:
            differences.append(difference)
    console.print(f"{replayed.events:,} events, {replayed.entries:,} journal entries.")
    return differences
