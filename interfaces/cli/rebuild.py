"""`tallystick rebuild`: a read model made anew from the store, while the old one stays in service."""

import click
from rich.console import Console
from rich.progress import Progress

from interfaces.cli.shared import console, told_clearly, with_core
from interfaces.composition import Core, view_connection
from projections.rebuild import REBUILD_SCHEMA
from projections.rebuild import rebuild as rebuild_view
from projections.views import VIEWS


@click.command()
@click.argument("view", type=click.Choice(sorted(VIEWS)))
@told_clearly
def rebuild(view: str) -> None:
    """Make a read model anew.

    Fills VIEW from the first event on beside the live one, then swaps the two in one instant. Queries are
    answered from the old rows until then. Ctrl-C leaves the old view in service.
    """

    async def work(core: Core) -> int:
        head = await core.store.head()
        with Progress(console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task(f"Rebuilding {view}", total=head)
            async with await view_connection(core.settings, REBUILD_SCHEMA) as connection:
                return await rebuild_view(
                    connection,
                    VIEWS[view],
                    core.store,
                    on_advance=lambda position: progress.update(bar, completed=position),
                )

    console.print(f"{view} is rebuilt up to position {with_core(work):,}.")
