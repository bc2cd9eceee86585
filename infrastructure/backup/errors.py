"""What can go wrong with backups: one typed error each, saying what to do about it."""

from pathlib import Path


class BackupError(Exception):
    """Base of every error of this package."""


class KeyUnusable(BackupError):
    """The key file is missing, is not one, or would be overwritten."""


class SealBroken(BackupError):
    """A sealed file is not what was sealed under its name: damaged, cut short, exchanged, or of another key."""

    def __init__(self, path: Path, what: str) -> None:
        self.path = path
        super().__init__(f"{path} cannot be opened: {what}")


class BackupFolderUnusable(BackupError):
    """The folder cannot hold backups, or has none that fits."""


class ProgramFailed(BackupError):
    """One of Postgres's programs ended with an error."""

    def __init__(self, name: str, said: str) -> None:
        super().__init__(f"{name} failed: {said.strip() or 'without a word'}")


class RightMissing(BackupError):
    """The replicator's role may not see how far its own copy is."""

    def __init__(self) -> None:
        super().__init__("the replicator's role sees no progress: GRANT pg_read_all_stats TO it, as the superuser.")


class RestoreFailed(BackupError):
    """The recovery did not come to its target."""
