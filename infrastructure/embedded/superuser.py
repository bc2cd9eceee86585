"""The superuser of an embedded Postgres: only the process that starts the server knows its password."""

import os
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from infrastructure.embedded.private_files import new_password, read_password, sync_folder, write_private
from infrastructure.embedded.roles import verifier

SUPERUSER: Final = "tallystick"
"""As earlier versions named the one role that there was, under which everything ran."""
_CHANGE: Final = SQL("ALTER ROLE {role} PASSWORD {verifier}")


class SuperuserPassword:
    """The password kept in `file`, which is changed once where another account could read that file.

    The next password is on disk before the server knows it, and takes the place of the former one afterwards: whenever
    that is interrupted, one of the two is right.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._next = file.with_name(f"{file.name}.next")

    @property
    def candidates(self) -> list[str]:
        """Of which one is right, mostly the only one. Raises PasswordFileInvalid."""
        return [read_password(file) for file in (self._file, self._next) if file.exists()]

    def settle(self, superuser: psycopg.Connection[Any], current: str) -> str:
        """Keep `current`, with which `superuser` is connected; or, where another account may know it, make up and keep
        another. The one that is right from now on."""
        if self._next.exists() and read_password(self._next) == current:
            self._take_next()
        self._next.unlink(missing_ok=True)
        if self._file.stat().st_uid == os.geteuid():
            return current
        changed = new_password()
        write_private(self._next, changed)
        superuser.execute(
            _CHANGE.format(role=Identifier(SUPERUSER), verifier=Literal(verifier(superuser, SUPERUSER, changed)))
        )
        self._take_next()
        return changed

    def _take_next(self) -> None:
        self._next.rename(self._file)
        sync_folder(self._file.parent)
