"""The common options of the backup commands: the folder, the key, the store."""

from pathlib import Path
from uuid import UUID

import click

from interfaces.composition import backups
from interfaces.runtime.settings import VARIABLES

KEY_LOST = "Without it nobody can open the backups: keep a copy of it elsewhere, and apart from them."

to_folder = click.option(
    "--to",
    "folder",
    envvar=VARIABLES["backup_folder"],
    show_envvar=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the backups, on another disk or another machine's.",
)
from_folder = click.option(
    "--from",
    "folder",
    envvar=VARIABLES["backup_folder"],
    show_envvar=True,
    required=True,
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Folder of the backups.",
)
key_file = click.option(
    "--key-file",
    envvar=VARIABLES["backup_key_file"],
    show_envvar=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The key that they are sealed with; see `tallystick backup key`.",
)
keep = click.option(
    "--keep", default=7, show_default=True, type=click.IntRange(1), help="How many base backups stay in the folder."
)
store = click.option(
    "--store", "store_id", type=click.UUID, help="Which store, by its id, where the folder has several."
)


def key_in(file: Path | None, folder: Path) -> backups.BackupKey:
    """The key in the file, which must lie outside of `folder`. Raises KeyUnusable, click.UsageError."""
    if file is None:
        raise click.UsageError(f"--key-file is missing: a file made by `tallystick backup key`. {KEY_LOST}")
    backups.keep_apart(file, folder)
    return backups.read_key(file)


def chosen_store(folder: Path, store_id: UUID | None, file: Path | None) -> backups.StoreFolder:
    """The backups of the store `store_id`, or of the folder's only store. Raises BackupError, click.UsageError."""
    key = key_in(file, folder)
    stores = backups.stores_in(folder)
    if store_id is None:
        if not stores:
            raise backups.BackupFolderUnusable(f"there are no backups in {folder}.")
        if len(stores) > 1:
            names = "\n".join(f"  {each}" for each in stores)
            raise click.UsageError(f"{folder} has several stores, the latest last; name one with --store:\n{names}")
        store_id = stores[0]
    elif store_id not in stores:
        raise backups.BackupFolderUnusable(f"there are no backups of the store {store_id} in {folder}.")
    return backups.StoreFolder(folder, store_id, key)
