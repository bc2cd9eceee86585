"""The parts behind the commands for backups."""
# ruff: noqa: F401
# mypy: implicit-reexport

from infrastructure.backup.archive import archive_extent
from infrastructure.backup.base import secret_files
from infrastructure.backup.errors import BackupError, BackupFolderUnusable
from infrastructure.backup.folder import BaseBackup, StoreFolder, Verification, stores_in
from infrastructure.backup.keeping import Plan, back_up, keep_backups, store_of
from infrastructure.backup.key import BackupKey, create_key, keep_apart, read_key
from infrastructure.backup.restore import RESTORED_PROVIDERS_FILE, base_for, restore
from infrastructure.postgres.backups import BackupRecord
