"""`tallystick restore`: a new home is made from a backup folder."""

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from interfaces.cli import backup_options as options
from interfaces.cli.shared import console, report_failures
from interfaces.composition import backups


class Target(click.ParamType[datetime | int]):
    """An instant with its time zone, or a position of the store."""

    name = "instant|position"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime | int:
        text = str(value)
        if text.isascii() and text.isdigit():
            return int(text)
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"expected a time such as 2026-11-27T14:30:00Z, or a position, got {text!r}", param, ctx)
        if instant.tzinfo is None:
            self.fail(f"{text!r} has no time zone: put Z or an offset after it", param, ctx)
        return instant


@click.command()
@options.from_folder
@options.key_file
@options.store
@click.option(
    "--home",
    "new_home",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The new home: a folder that is empty, or not there yet.",
)
@click.option("--to", "target", type=Target(), help="Up to when: an instant, or a position.  [default: all there is]")
@click.option("--backup", "name", help="Which base backup to begin from.  [default: the newest that fits]")
@report_failures
def restore(
    folder: Path,
    key_file: Path | None,
    store_id: UUID | None,
    new_home: Path,
    target: datetime | int | None,
    name: str | None,
) -> None:
    """Make a new home of a backup.

    Unpacks the base backup and replays the archived WAL on it: all of it, to the last second; or up to an instant, or
    until the commit that goes beyond a position (which takes a second recovery, to find it). The home needs room for
    the database and for the WAL since the base backup. The restored store has a new store id and is closed: it takes
    no payments until `tallystick reopen` has asked providers what happened in the time that was lost. Nothing of an
    existing home, and nothing in the backup folder, is changed.
    """
    chosen = options.chosen_store(folder, store_id, key_file)
    base = backups.base_for(chosen, target, name)
    restored = backups.restore(chosen, base, new_home.expanduser().resolve(), target, console.print)
    console.print(f"Restored to position {restored.position:,}, in {new_home}.")
    console.print(f"Secrets in it: {', '.join(restored.secrets)}.")
    if backups.RESTORED_PROVIDERS_FILE in restored.secrets:
        accounts = new_home / backups.RESTORED_PROVIDERS_FILE
        console.print(f"Our accounts at providers: TALLYSTICK_PROVIDERS={accounts}, once you have looked at it.")
    if restored.missing_after:
        console.print(
            f"Warning: the archive has a gap after the segment {restored.missing_after}. What came later is lost."
        )
    console.print(f"The store is closed. Next: TALLYSTICK_HOME={new_home} tallystick reopen")
