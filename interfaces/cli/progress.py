"""Progress bars for work over the whole store."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from domain.history import Positioned
from interfaces.composition import Core

BATCH_EVENTS_MAX = 2_000


async def all_events(core: Core, doing: str, *, up_to: int, position: int = 0) -> AsyncIterator[Sequence[Positioned]]:
    """Every event after `position` and up to position `up_to`, in batches, with a progress bar on standard error."""
    with positions_bar(doing, up_to=up_to) as come_to:
        while batch := await core.store.after(position, events_max=BATCH_EVENTS_MAX, up_to=up_to):
            yield batch
            position = batch[-1].position
            come_to(position)


@contextmanager
def positions_bar(doing: str, *, up_to: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error; the block calls the given function with each position reached."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(doing, total=up_to)
        yield lambda position: progress.update(bar, completed=position)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s")
