"""Embedded Postgres servers for tests that are not about the server: made by a copy, and not forced to the disk."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from infrastructure.embedded import postgres
from infrastructure.embedded.postgres import EmbeddedPostgres
from infrastructure.embedded.private_files import write_private
from infrastructure.embedded.superuser import SUPERUSER
from tests.support.databases import QUICK

_AS_MADE = EmbeddedPostgres._initdb
_DEFAULTS = postgres._DEFAULTS


class _Template:
    """The data folder that initdb made first, and the password of its superuser."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self._password = ""

    def make(self, server: EmbeddedPostgres, data: Path, password_file: Path, *account: Any) -> None:
        """In place of initdb, which takes 0.7 s of processor time: a server that is made later has the first one's
        superuser and system identifier."""
        if not self._password:
            _AS_MADE(server, data, password_file, *account)
            _copy(data, self._data)
            self._password = password_file.read_text()
        else:
            _copy(self._data, data)
            server._passwords[SUPERUSER] = self._password
            write_private(server._password_file, self._password)


@contextmanager
def quick_servers() -> Iterator[None]:
    """Every server that this process makes in the block shares its beginning with the others. What a kill of a server
    leaves is the same without fsync: only a machine that loses power makes a difference."""
    folder = Path(tempfile.mkdtemp(prefix="tallystick-initdb-"))
    template = _Template(folder)

    def make(server: EmbeddedPostgres, data: Path, password_file: Path, *account: Any) -> None:
        template.make(server, data, password_file, *account)

    try:
        with patch.object(EmbeddedPostgres, "_initdb", make), patch.object(postgres, "_DEFAULTS", _DEFAULTS | QUICK):
            yield
    finally:
        shutil.rmtree(folder)


@contextmanager
def servers_as_ever() -> Iterator[None]:
    """Within `quick_servers`: as they are outside of tests, for what is about them, or has several."""
    with patch.object(EmbeddedPostgres, "_initdb", _AS_MADE), patch.object(postgres, "_DEFAULTS", _DEFAULTS):
        yield


def _copy(source: Path, target: Path) -> None:
    target.mkdir(mode=0o700, exist_ok=True)
    subprocess.run(["cp", "-a", "--", f"{source}/.", target], check=True)
