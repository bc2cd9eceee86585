"""Outside programs check our books: each installed one is run on an export of the whole journal."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from interfaces.books.beancount import Beancount
from interfaces.books.book import Book, written
from interfaces.books.file import whole_file
from interfaces.books.hledger import Hledger
from interfaces.composition import posted_entries
from interfaces.runtime.child_environment import plain
from interfaces.runtime.settings import Settings

WITHIN_S: Final = 60.0


class Program(Struct, frozen=True, kw_only=True):
    """An outside program; the export's path is its last argument."""

    name: str
    arguments: tuple[str, ...]
    book: Callable[[], Book]


PROGRAMS: Final = (
    Program(name="bean-check", arguments=("--no-cache",), book=Beancount),
    Program(name="hledger", arguments=("check", "--strict", "-f"), book=Hledger),
)


class Checked(Struct, frozen=True, kw_only=True):
    """The result of one program; `said` is its output."""

    program: str
    accepted: bool
    said: str


async def check_with_programs(settings: Settings, up_to: int) -> list[Checked]:
    """The result of every installed program on everything posted up to position `up_to`."""
    found = [(program, path) for program in PROGRAMS if (path := located(program.name)) is not None]
    with tempfile.TemporaryDirectory(prefix="tallystick-books-") as folder:
        return [
            await asyncio.to_thread(_check, program, path, settings, up_to, Path(folder)) for program, path in found
        ]


def located(name: str) -> str | None:
    """The program's path: beside our own interpreter first, as a Python package installs it, else on the PATH."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


def accepted_by(checked: Sequence[Checked]) -> list[str]:
    return [each.program for each in checked if each.accepted]


def _check(program: Program, command: str, settings: Settings, up_to: int, folder: Path) -> Checked:
    export = folder / f"books.{program.name}"
    with whole_file(export) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        for piece in written(program.book(), posted_entries(settings.database_url, up_to=up_to, until=None)):
            file.write(piece.text)
    try:
        ran = subprocess.run(  # noqa: S603 - the programs above, and a file of ours
            [command, *program.arguments, str(export)],
            env=plain(os.environ),
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Checked(program=program.name, accepted=False, said=str(error))
    return Checked(program=program.name, accepted=ran.returncode == 0, said=(ran.stdout + ran.stderr).strip())
