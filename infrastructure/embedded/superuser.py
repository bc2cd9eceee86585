"""Only the process that starts the embedded Postgres knows the password of its superuser."""

import os
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from infrastructure.embedded.private_files import new_password, read_password, sync_folder, write_private
from infrastructure.embedded.roles import verifier

SUPERUSER: Final = "tallystick"
"""The name that earlier versions gave to the only role, under which everything ran."""
_CHANGE: Final = SQL("ALTER ROLE {role} PASSWORD {verifier}")


class SuperuserPassword:
    """The password kept in `file`, which is changed once where another account could read the file.

    The new password is on disk before the server learns it, and replaces the old file afterwards: after an interruption
    at any point, one of the two files holds the right password.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._next = file.with_name(f"{file.name}.next")

    @property
    def candidates(self) -> list[str]:
        """The kept passwords, mostly one, of which one is right. Raises PasswordFileInvalid."""
        return [read_password(file) for file in (self._file, self._next) if file.exists()]

    def settle(self, superuser: psycopg.Connection[Any], current: str) -> str:
        """Keep the password `current` of the session `superuser`, or change it, and return the valid password.

        The password is replaced by a new one where another account may know `current`.
        """
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
