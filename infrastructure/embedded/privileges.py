"""Postgres refuses to run as root: then it runs as an account of its own, which owns its data and nothing else."""

import os
import pwd
import random
from dataclasses import dataclass
from pathlib import Path

SYSTEM_USER = "tallystick"
_UNNAMED_IDS = range(60_578, 61_184)
"""User ids that no convention hands out: above systemd's for home folders, below those of its dynamic services, and
among the 65,536 that a container without further rights has."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user id of this machine with a group, and what to call it."""

    name: str
    user_id: int
    group_id: int


def data_account(data: Path) -> Account | None:
    """Whom Postgres runs as, and to whom `data` belongs: ourselves (`None`) unless we are root.

    For root that is the system's user `tallystick`, where somebody has made one; else the user id without a name that
    owns `data`; else such an id that no process has. Nothing is added to the system's users.
    """
    if os.geteuid() != 0:
        return None
    named = _named(SYSTEM_USER)
    if named is not None and named.user_id != 0:
        return named
    if data.exists() and (owner := data.stat().st_uid) in _UNNAMED_IDS and not _has_name(owner):
        return _unnamed(owner)
    free = set(_UNNAMED_IDS) - _ids_of_processes()
    return _unnamed(next(each for each in random.sample(sorted(free), len(free)) if not _has_name(each)))


def initdb_account(account: Account | None) -> Account | None:
    """Whom `initdb` runs as, which refuses an id without a name: `account`, or `nobody` in the group of `account`,
    which no other process of `nobody` has."""
    if account is None or _has_name(account.user_id):
        return account
    nobody = _named("nobody")
    return None if nobody is None else Account(nobody.name, nobody.user_id, account.group_id)


def may_be_taken_over(user_id: int) -> bool:
    """Whether data that belong to `user_id` may be given to another account: those of `nobody`, to whom earlier
    versions gave them, of root, who restored them, and of an id of ours. Anybody else's are their own."""
    nobody = _named("nobody")
    ours = {0, *([nobody.user_id] if nobody else []), *_UNNAMED_IDS}
    return user_id in ours


def give_to(account: Account | None, path: Path) -> None:
    """Make `account` the owner of `path`."""
    if account is not None:
        os.chown(path, account.user_id, account.group_id)


def give_tree_to(account: Account, folder: Path) -> None:
    """Make `account` the owner of `folder` and of everything in it that belongs to the folder's own owner, or to an id
    of ours: this was interrupted before. The folder itself comes last, so that the next call goes on.

    No link is followed, nor is anything of a third owner given away.
    """
    formers = {folder.stat().st_uid, *_UNNAMED_IDS}
    for _, folders, files, descriptor in os.fwalk(folder, topdown=False, follow_symlinks=False):
        for name in (*files, *folders):
            if os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_uid in formers:
                os.chown(name, account.user_id, account.group_id, dir_fd=descriptor, follow_symlinks=False)
    give_to(account, folder)


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


def _named(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _unnamed(user_id: int) -> Account:
    return Account(f"user id {user_id}", user_id, user_id)


def _has_name(user_id: int) -> bool:
    try:
        pwd.getpwuid(user_id)
    except KeyError:
        return False
    return True


def _ids_of_processes() -> set[int]:
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found.add(process.stat().st_uid)
        except OSError:  # it ended meanwhile
            continue
    return found
