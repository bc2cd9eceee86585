"""Progress of work over the whole store, for whoever waits for it."""

from collections.abc import AsyncIterator, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from domain.history import Positioned
from interfaces.composition import Core

BATCH_EVENTS_MAX = 2_000


async def all_events(core: Core, doing: str) -> AsyncIterator[Sequence[Positioned]]:
    """Every event up to the present head, in batches, with a progress bar on standard error."""
    head = await core.store.head()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(doing, total=head)
        position = 0
        while batch := await core.store.after(position, events_max=BATCH_EVENTS_MAX, up_to=head):
            yield batch
            position = batch[-1].position
            progress.update(bar, completed=position)
