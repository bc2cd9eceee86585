"""Postgres's own programs run against the server of a URL, with the password outside their command line."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from infrastructure.backup.errors import ProgramFailed
from infrastructure.embedded.runtime import postgres_binaries

READ_BYTES: Final = 1024 * 1024


def program(name: str, home: Path) -> Path:
    return postgres_binaries(home, None) / name


def connection_of(url: str, *, application: str) -> tuple[str, dict[str, str]]:
    """The connection string of a program without the password, and the whole environment of the program."""
    told = conninfo_to_dict(url)
    password = told.pop("password", None)
    environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
    if password is not None:
        environment["PGPASSWORD"] = str(password)
    return make_conninfo("", **{**told, "application_name": application}), environment


class Output:
    """The standard output of a program, part by part; `said` holds the standard error afterwards.

    Iterating raises ProgramFailed, after the last part, when the program ended with an error.
    """

    def __init__(self, command: list[str | Path], environment: dict[str, str]) -> None:
        self._command = command
        self._environment = environment
        self.said = ""

    def __iter__(self) -> Iterator[bytes]:
        name = Path(self._command[0]).name
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(  # noqa: S603 - one of Postgres's programs
                self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, env=self._environment
            )
            assert process.stdout is not None
            try:
                with process.stdout:
                    while part := process.stdout.read(READ_BYTES):
                        yield part
                process.wait()
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
                errors.seek(0)
                self.said = errors.read().decode(errors="replace")
        if process.returncode != 0:
            raise ProgramFailed(name, self.said)
