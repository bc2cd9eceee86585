"""`tallystick rebuild`: read models are rebuilt from the store while the old ones stay in service."""

import click
import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from interfaces.cli.shared import console, report_failures, with_core
from interfaces.composition import Core, view_connection
from projections.engine.comparison import Comparison, RowDifference
from projections.engine.connection import REBUILD_SCHEMA
from projections.engine.projector import UNREADABLE, PoisonEvent
from projections.engine.rebuild import Rebuilt
from projections.engine.rebuild import rebuild as rebuild_views
from projections.views import VIEWS


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:,.0f} events/s")


@click.command()
@click.argument("views", nargs=-1, metavar="[VIEW]...", type=click.Choice(sorted(VIEWS)))
@click.option("--all", "every", is_flag=True, help="Every view, in one pass over the store.")
@click.option("--dry-run", is_flag=True, help="Compare, and leave the old view in service.")
@report_failures
def rebuild(views: tuple[str, ...], every: bool, dry_run: bool) -> None:
    """Make read models anew.

    Fills the next version of each VIEW from the first event on beside the live one, says in what the two differ, and
    swaps them in one instant. Queries are answered from the old rows until then. Ctrl-C leaves the old view in service.
    """
    if every == bool(views):
        raise click.UsageError(f"Name a view, or say --all. There are {', '.join(sorted(VIEWS))}.")
    names = list(VIEWS) if every else list(dict.fromkeys(views))

    in_service = (
        "The old view is in service." if len(names) == 1 else "Each view is in service, the old one or the new."
    )

    async def work(core: Core) -> dict[str, Rebuilt]:
        head = await core.store.head()
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Speed(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task(f"Rebuilding {', '.join(names)}", total=head)
            return dict(
                await rebuild_views(
                    [VIEWS[name] for name in names],
                    core.store,
                    lambda: view_connection(core.settings, REBUILD_SCHEMA),
                    on_advance=lambda position: progress.update(bar, completed=position),
                    dry_run=dry_run,
                )
            )

    try:
        rebuilt = with_core(work)
    except UNREADABLE as error:
        raise click.ClickException(f"an event cannot be read: {error}. {in_service}") from error
    except PoisonEvent as error:
        raise click.ClickException(f"{error}. {in_service}") from error
    except KeyboardInterrupt:
        raise click.ClickException(f"Interrupted. {in_service}") from None
    for name, outcome in rebuilt.items():
        _report(name, outcome.comparison)
        if not dry_run:
            console.print(
                f"{name} is rebuilt up to position {outcome.position:,}, and in service as version {outcome.version}."
            )


def _report(name: str, comparison: Comparison | None) -> None:
    if comparison is None:
        console.print(f"{name}: the old one has other columns, as another version made it, and was not compared")
        return
    if comparison.is_equal:
        console.print(f"{name}: no differences up to position {comparison.position:,}")
        return
    console.print(
        f"{name}: up to position {comparison.position:,}, {comparison.only_in_live:,} rows only in the old, "
        f"{comparison.only_in_rebuilt:,} only in the new, {comparison.differing:,} differing. The first of them:"
    )
    for example in comparison.examples:
        _example(example)


def _example(example: RowDifference) -> None:
    key = ", ".join(str(part) for part in example.key)
    console.print(f"  {key}" + (f"  only in the {example.only_in}" if example.only_in else ""))
    for field, (old, new) in example.fields.items():
        console.print(f"    {field:18} {_shown(old)} → {_shown(new)}")


def _shown(value: object) -> str:
    return msgspec.json.encode(value).decode()
