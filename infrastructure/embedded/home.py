"""One home folder holds all embedded data, and one supervisor at a time holds the folder."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from infrastructure.embedded.errors import HomeUnusable
from infrastructure.embedded.lock import FileLock
from infrastructure.embedded.privileges import data_account, obstacle

HOME_VARIABLE = "TALLYSTICK_HOME"
LOGS = "log"
METRICS = "metrics"
POSTGRES_DATA = "postgres"


def default_home() -> Path:
    """`TALLYSTICK_HOME` if set; else `/var/lib/tallystick` for root, and the user's own data folder for other users."""
    chosen = os.environ.get(HOME_VARIABLE)
    if chosen:
        return Path(chosen)
    if os.geteuid() == 0:
        return Path("/var/lib/tallystick")
    user_data = os.environ.get("XDG_DATA_HOME")
    return (Path(user_data) if user_data else Path.home() / ".local" / "share") / "tallystick"


class Home:
    """The home folder, created on entering the context and locked until the context is left.

    Entering raises `HomeUnusable` or, while another `Home` is open on the same folder, `HomeInUse`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        self._lock = FileLock(self.path / "lock")

    def __enter__(self) -> Self:
        prepare_home(self.path)
        self._lock.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._lock.release()


def prepare_home(home: Path) -> None:
    """Create the folder if needed, and let the account that Postgres runs as pass through. Raises `HomeUnusable`.

    Root's home gets o+x (its secrets are 0600 files, its data folders 0700). Folders of other users are not changed.
    """
    try:
        _make_folders(home)
    except OSError as error:
        raise HomeUnusable(home, f"{error.strerror} ({error.filename})") from error
    if not os.access(home, os.W_OK | os.X_OK):
        raise HomeUnusable(home, "this user may not write there; set TALLYSTICK_HOME to a folder of your own")
    account = data_account(home / POSTGRES_DATA)
    blocking = obstacle(account, home)
    if account is not None and blocking is not None:
        raise HomeUnusable(
            home,
            f"Postgres cannot run as root, so it runs as {account.name}, who cannot pass through {blocking} "
            f"(mode {blocking.stat().st_mode & 0o7777:o}); set TALLYSTICK_HOME to a folder elsewhere",
        )


def _make_folders(home: Path) -> None:
    root = os.geteuid() == 0
    for folder in (*reversed(home.parents), home):
        if not folder.exists():
            folder.mkdir(0o700)
            if root:
                folder.chmod(0o711)
    ours = (home / LOGS).exists() or not any(home.iterdir())
    if root and ours:
        home.chmod(home.stat().st_mode | 0o001)
    (home / LOGS).mkdir(mode=0o700, exist_ok=True)
