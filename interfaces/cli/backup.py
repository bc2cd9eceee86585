"""`tallystick backup`: backups of the store, and their verification by a restore."""

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from uuid import UUID

import click
import psycopg
from rich.console import Console
from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TransferSpeedColumn
from rich.table import Table

from interfaces import composition
from interfaces.cli import backup_options as options
from interfaces.cli.backup_verify import verified
from interfaces.cli.shared import console, home, migrated_settings, report_failures
from interfaces.composition import backups
from interfaces.runtime.settings import VARIABLES, SettingInvalid, Settings
from interfaces.runtime.supervisor import servers

BASE_EVERY_H = 24.0


@click.group(invoke_without_command=True)
@options.to_folder
@options.key_file
@options.keep
@click.pass_context
@report_failures
def backup(ctx: click.Context, folder: Path | None, key_file: Path | None, keep: int) -> None:
    """Back the store up.

    Without a command, adds one base backup to the folder: the whole database server as Postgres's own pg_basebackup
    copies it while it runs, the password files of the home, and the file with our accounts at providers, all
    compressed and encrypted. Base backups beyond the newest --keep are removed with the WAL that only they needed; the
    last one that was verified stays. `tallystick backup follow` adds what happens after it, to the second.
    """
    if ctx.invoked_subcommand is not None:
        return
    with migrated_settings() as settings:
        plan = _plan(settings, folder, key_file, keep=keep)
        with _copied_bytes() as copied:
            made_in, name = backups.back_up(plan, copied)
    where = made_in.bases / name
    size = sum(file.stat().st_size for file in where.iterdir())
    console.print(f"Base backup {name}: {size / 1e6:,.1f} MB in {where}.")
    secrets = [file_name for file_name, _ in backups.secret_files(plan.home, plan.providers_file)]
    console.print(f"With it, sealed: {', '.join(secrets) or 'no secrets, since none are here'}.")
    console.print(f"Not with it: {key_file}, its key. {options.KEY_LOST}")


@backup.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@report_failures
def key(file: Path) -> None:
    """Make a key for backups, in FILE, which must not exist.

    Mode 0600. It both seals and opens: keep one copy where backups are made, and others far from that machine and from
    the backups."""
    made = backups.create_key(file)
    console.print(f"Key {made.key_id.hex()} in {file}. {options.KEY_LOST}")


@backup.command()
@options.to_folder
@options.key_file
@options.keep
@click.option(
    "--base-every-h",
    default=BASE_EVERY_H,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="How often a base backup is made.",
)
@report_failures
def follow(folder: Path | None, key_file: Path | None, keep: int, base_every_h: float) -> None:
    """Keep the WAL archive, until it is stopped.

    Streams what the server writes and adds it to the folder each second, so that the loss of the machine costs a second
    or two; makes a base backup where there is none yet, where the archive had to begin anew, and every --base-every-h
    hours. What fails is logged, shown by `tallystick status`, and tried again. One process keeps the archive; others
    stand by. `tallystick dev` starts one by itself where TALLYSTICK_BACKUP_FOLDER is set.
    """
    stop = Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: stop.set())
    with servers(home()) as settings:
        composition.configure_logs(level=settings.log_level)
        plan = _plan(settings, folder, key_file, keep=keep, base_every=timedelta(hours=base_every_h))
        backups.keep_backups(plan, stop)


@backup.command("list")
@options.from_folder
@options.key_file
@options.store
@report_failures
def list_backups(folder: Path, key_file: Path | None, store_id: UUID | None) -> None:
    """List the base backups, and how far the archive goes on after them."""
    chosen = options.chosen_store(folder, store_id, key_file)
    table = Table("base backup", "finished", "position", "version", "MB", "verified")
    for column in table.columns[2:5]:
        column.justify = "right"
    for base in chosen.base_backups():
        said = chosen.verification(base)
        size = sum(file.stat().st_size for file in (chosen.bases / base.name).iterdir())
        table.add_row(
            base.name,
            base.finished_at.isoformat(timespec="seconds"),
            f"{base.position:,}",
            base.version,
            f"{size / 1e6:,.1f}",
            "never" if said is None else "; ".join(said.differences) or said.verified_at.isoformat(timespec="seconds"),
        )
    console.print(f"Store {chosen.store_id}")
    console.print(table)
    segments, written_at = backups.archive_extent(chosen)
    if segments:
        console.print(
            f"{segments:,} WAL segments are archived, the last written at {written_at:%Y-%m-%d %H:%M:%S} UTC."
        )
    else:
        console.print("No WAL is archived: `tallystick backup follow` does not run.")


@backup.command()
@click.argument("name", required=False)
@options.from_folder
@options.key_file
@options.store
@click.option(
    "--scratch",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Where the scratch home is made, which takes as much room as the store.  [default: TALLYSTICK_HOME]",
)
@report_failures
def verify(name: str | None, folder: Path, key_file: Path | None, store_id: UUID | None, scratch: Path | None) -> None:
    """Prove that the backup NAME, else the newest, can be restored.

    Restores it, with all the WAL that is archived after it, into a scratch home; folds every event again and compares
    with every read model (`tallystick replay`), and checks the books (`tallystick ledger verify`). The result is kept
    beside the backup and, where this machine has the store, shown by `tallystick status`. Exits with 1 where anything
    differs. Takes as long as a restore: the time to plan with.
    """
    chosen = options.chosen_store(folder, store_id, key_file)
    base = backups.base_for(chosen, None, name)
    around = scratch or home()
    around.mkdir(parents=True, exist_ok=True, mode=0o711)
    with tempfile.TemporaryDirectory(prefix="backup-verify-", dir=around, ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o711)
        verification = verified(chosen, base, Path(made) / "home")
    chosen.note_verification(base, verification)
    fault = "; ".join(verification.differences) or None
    _tell_the_store(base, verification.verified_at, fault)
    if fault:
        raise click.ClickException(f"The backup {base.name} is not good: {fault}")
    console.print(f"The backup {base.name} is good: restored to position {verification.position:,}.")


def _tell_the_store(base: backups.BaseBackup, verified_at: datetime, fault: str | None) -> None:
    """Record the verification in the store where this machine has one; a backup may be verified elsewhere."""
    if not (os.environ.get(VARIABLES["database_url"]) or (home() / "postgres").is_dir()):
        return
    with servers(home()) as settings, psycopg.connect(settings.database_url, autocommit=True) as connection:
        backups.BackupRecord(connection).verified(base.name, verified_at=verified_at, fault=fault)


def _plan(
    settings: Settings,
    folder: Path | None,
    key_file: Path | None,
    *,
    keep: int,
    base_every: timedelta = timedelta(hours=BASE_EVERY_H),
) -> backups.Plan:
    """The plan by the options and settings. Raises KeyUnusable, SettingInvalid, click.UsageError."""
    if folder is None:
        raise click.UsageError(f"--to is missing: the folder of the backups (or {VARIABLES['backup_folder']}).")
    if not settings.replication_url:
        raise SettingInvalid(f"{VARIABLES['replication_url']} is not set: a role that may copy the server is needed.")
    return backups.Plan(
        database_url=settings.database_url,
        replication_url=settings.replication_url,
        home=home().expanduser().resolve(),
        providers_file=Path(settings.providers_file) if settings.providers_file else None,
        folder=folder.resolve(),
        key=options.key_in(key_file, folder),
        keep=keep,
        base_every=base_every,
    )


@contextmanager
def _copied_bytes() -> Iterator[Callable[[int], None]]:
    """A progress display on standard error; the block calls the given function with the number of bytes copied."""
    columns = (SpinnerColumn(), TextColumn("Copying"), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda so_far: progress.update(task, completed=so_far)
