"""Progress of work over the whole store, for whoever waits for it."""

from collections.abc import AsyncIterator, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from domain.history import Positioned
from interfaces.composition import Core

BATCH_EVENTS_MAX = 2_000


async def all_events(core: Core, doing: str, *, up_to: int) -> AsyncIterator[Sequence[Positioned]]:
    """Every event up to position `up_to`, in batches, with a progress bar on standard error."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(doing, total=up_to)
        position = 0
        while batch := await core.store.after(position, events_max=BATCH_EVENTS_MAX, up_to=up_to):
            yield batch
            position = batch[-1].position
            progress.update(bar, completed=position)
