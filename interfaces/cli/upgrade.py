"""`tallystick upgrade`: a store of an earlier version is brought to this version by one repeatable command."""

import asyncio
import os
from pathlib import Path

import click

from interfaces import composition
from interfaces.cli.progress import positions_bar
from interfaces.cli.shared import console, home, report_failures
from interfaces.runtime.settings import VARIABLES, Settings
from interfaces.runtime.supervisor import servers, simulators_folder

MEGABYTE = 1_000_000


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing of the store.")
@report_failures
def upgrade(dry_run: bool) -> None:
    """Bring the store to this version.

    Looks at what the store lacks: migrations, views that another version's code made, room on the disk. Then applies
    the migrations as the role of TALLYSTICK_OWNER_DATABASE_URL, gives the roles their privileges, and rebuilds those
    views from the first event on, while the old ones stay in service. Interrupted, it is run again. Refuses a store
    that a later version has been at.
    """
    with servers(home()) as settings:
        due = asyncio.run(composition.upgrade_due(settings, _data_folder()))
        _print_due(due)
        if dry_run:
            console.print("Nothing was changed.")
            return
        if not due.has_room:
            raise click.ClickException("There may not be room enough on the disk. Nothing was changed.")
        try:
            _bring_up(settings)
        except KeyboardInterrupt:
            raise click.ClickException("Interrupted. The old views are in service; run it again.") from None
    simulators_folder(home())
    console.print("The store is at this version.")


def _data_folder() -> Path | None:
    """The folder of the embedded database; None where another database is in use."""
    folder = home()
    return folder if folder.exists() and not os.environ.get(VARIABLES["database_url"]) else None


def _print_due(due: composition.Upgrade) -> None:
    console.print(f"The store stands at position {due.head:,}.")
    for name in due.migrations:
        console.print(f"migration missing   {name}")
    for name, reason in due.outdated.items():
        console.print(f"view to rebuild     {name}: {reason}")
    if due.outdated:
        free = "unknown" if due.bytes_free is None else f"{due.bytes_free / MEGABYTE:,.0f} MB free"
        console.print(f"room on the disk    up to {due.bytes_needed / MEGABYTE:,.0f} MB needed, {free}")
    if due.one_role:
        console.print("one role does all   give the application a role of its own: docs/OPERATING.md")
    if not due.is_due:
        console.print("Nothing is missing.")


def _bring_up(settings: Settings) -> None:
    for name in composition.migrate_all(settings, privileges_anew=True):
        console.print(f"applied {name}")
    due = asyncio.run(composition.upgrade_due(settings, None))
    if not due.outdated:
        return
    with positions_bar("Rebuilding views", up_to=due.head) as come_to:
        rebuilt, failures = asyncio.run(composition.rebuild_outdated(settings, come_to))
    for name in rebuilt:
        console.print(f"rebuilt {name}")
    if failures:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in failures.items())
        raise click.ClickException(f"{reasons}. The old view is in service, and stands still.")
