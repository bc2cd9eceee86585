"""Each fault of a backup is one typed error, whose text says how to mend the fault."""

from pathlib import Path


class BackupError(Exception):
    """Base of every error of this package."""


class KeyUnusable(BackupError):
    """The key file is missing, holds no key, or would be overwritten."""


class SealBroken(BackupError):
    """A sealed file is damaged, cut short, exchanged or sealed with another key."""

    def __init__(self, path: Path, what: str) -> None:
        self.path = path
        super().__init__(f"{path} cannot be opened: {what}")


class BackupFolderUnusable(BackupError):
    """The folder cannot hold backups, or has no suitable backup."""


class ProgramFailed(BackupError):
    """One of Postgres's programs ended with an error."""

    def __init__(self, name: str, said: str) -> None:
        super().__init__(f"{name} failed: {said.strip() or 'without a word'}")


class RightMissing(BackupError):
    """The replicator's role may not see the progress of its own copy."""

    def __init__(self) -> None:
        super().__init__("the replicator's role sees no progress: GRANT pg_read_all_stats TO it, as the superuser.")


class RestoreFailed(BackupError):
    """The recovery did not reach its target."""
