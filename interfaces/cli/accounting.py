"""`tallystick accounting`: the totals of each day's journal, written for the accounting system."""

from datetime import datetime
from pathlib import Path

import click

from interfaces import composition
from interfaces.books.accounting import DayDiffers, sync_days
from interfaces.cli.shared import console, report_failures, with_core
from interfaces.composition import Core


@click.group()
def accounting() -> None:
    """What the accounting system is given."""


@accounting.command()
@click.option(
    "--to",
    "folder",
    required=True,
    type=click.Path(exists=True, file_okay=False, writable=True, path_type=Path),
    help="The folder to write to.",
)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day, such as 2026-11-20.")
@report_failures
def sync(folder: Path, until: datetime | None) -> None:
    """Write each finished UTC day's journal, added up.

    By account and currency, as CSV and JSON, under a reference that never changes (TS-2026-11-20). A day is handed over
    once: it is not written again when its files were taken away, and files that are there have to be the same. What
    broke off is simply done again.
    """

    async def work(core: Core) -> None:
        days = sync_days(
            core.pool.connection,
            core.store,
            core.accounting.synced_days,
            folder,
            until=None if until is None else until.date(),
            now=composition.utc_now(),
        )
        written = 0
        async for summary in days:
            written += 1
            console.print(f"{summary.reference}: {len(summary.lines):,} lines, up to position {summary.up_to:,}")
        console.print(f"{written:,} days written.")

    try:
        with_core(work)
    except (DayDiffers, OSError) as error:
        raise click.ClickException(str(error)) from error
