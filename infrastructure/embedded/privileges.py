"""Postgres refuses to run as root: then it runs as `nobody`, who has to be able to get at its files."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine, with the group it is known by."""

    name: str
    user_id: int
    group_id: int


def postgres_account() -> Account | None:
    """Whom Postgres runs as: `nobody` when we are root, ourselves (`None`) otherwise."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_name, nobody.pw_uid, nobody.pw_gid)


def give_to(account: Account | None, path: Path) -> None:
    """Make `account` the owner of `path`."""
    if account is not None:
        os.chown(path, account.user_id, account.group_id)


def obstacle(account: Account | None, path: Path) -> Path | None:
    """The outermost folder on the way to `path` that `account` cannot pass through, `path` itself included."""
    if account is None:
        return None
    path = path.resolve()  # behind a symlink stand other folders
    for step in (*reversed(path.parents), path):
        if not _passes(account, step):
            return step
    return None


def _passes(account: Account, path: Path) -> bool:
    status = path.stat()
    if status.st_uid == account.user_id:
        return bool(status.st_mode & 0o100)
    if status.st_gid == account.group_id:
        return bool(status.st_mode & 0o010)
    return bool(status.st_mode & 0o001)
