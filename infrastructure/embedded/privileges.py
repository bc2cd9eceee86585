"""Postgres refuses to run as root and therefore runs under an account that owns its data and nothing else."""

import os
import pwd
import random
from dataclasses import dataclass
from pathlib import Path

SYSTEM_USER = "tallystick"
_UNNAMED_IDS = range(60_578, 61_184)
"""User ids that no convention assigns.

They lie above systemd's ids for home folders, below the ids of systemd's dynamic services, and within the 65,536 ids of
a container without further rights.
"""


@dataclass(frozen=True, slots=True)
class Account:
    """A user id of this machine with a group and a name for messages."""

    name: str
    user_id: int
    group_id: int


def data_account(data: Path) -> Account | None:
    """The account that Postgres runs as and that owns `data`: our own account (`None`) unless we are root.

    For root the account is the system's user `tallystick`, if an administrator has created this user; else the user id
    without a name that owns `data`; else such an id that no process has. No user is added to the system.
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
    """The account that `initdb` runs as, which must have a name.

    The account is `account` itself, or `nobody` in the group of `account`; no other process of `nobody` has this group.
    """
    if account is None or _has_name(account.user_id):
        return account
    nobody = _named("nobody")
    return None if nobody is None else Account(nobody.name, nobody.user_id, account.group_id)


def may_be_taken_over(user_id: int) -> bool:
    """Whether data that belong to `user_id` may be given to another account.

    True for `nobody` (earlier versions gave data to this user), for root (a restore by root leaves root's files) and
    for the ids that this module assigns. Data of any other user stay with that user.
    """
    nobody = _named("nobody")
    ours = {0, *([nobody.user_id] if nobody else []), *_UNNAMED_IDS}
    return user_id in ours


def give_to(account: Account | None, path: Path) -> None:
    """Make `account` the owner of `path`."""
    if account is not None:
        os.chown(path, account.user_id, account.group_id)


def give_tree_to(account: Account, folder: Path) -> None:
    """Make `account` the owner of `folder` and of the entries in it that belong to the folder's owner or to our ids.

    Entries of our ids are left by an interrupted call. The folder itself changes last, so that the next call continues
    the work. No link is followed, and entries of a third owner keep their owner.
    """
    formers = {folder.stat().st_uid, *_UNNAMED_IDS}
    for _, folders, files, descriptor in os.fwalk(folder, topdown=False, follow_symlinks=False):
        for name in (*files, *folders):
            if os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_uid in formers:
                os.chown(name, account.user_id, account.group_id, dir_fd=descriptor, follow_symlinks=False)
    give_to(account, folder)


def obstacle(account: Account | None, path: Path) -> Path | None:
    """The outermost folder on the path to `path`, including `path`, that `account` cannot pass through."""
    if account is None:
        return None
    path = path.resolve()  # a symlink leads through other folders
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
        except OSError:  # the process ended meanwhile
            continue
    return found
