"""A position of the store is found in the WAL as the LSN of a commit."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import psycopg

from infrastructure.backup.errors import RestoreFailed
from infrastructure.backup.programs import program
from infrastructure.backup.wal_names import Segment, lsn_of, lsn_text, segment_of

_SELECT_BEYOND: Final = """
SELECT xmin::text FROM stored_events WHERE notification_id > %s ORDER BY notification_id LIMIT 1
"""
_SELECT_HEAD: Final = "SELECT coalesce(max(notification_id), 0) FROM stored_events"
_COMMIT: Final = re.compile(r"tx:\s+(\d+), lsn: (\S+), .*desc: COMMIT ([^\n]*)")
_SUBTRANSACTIONS: Final = re.compile(r"subxacts: ([\d ]+)")


def commit_beyond(connection: psycopg.Connection[Any], wal: Path, position: int, home: Path) -> int | None:
    """The LSN where the commit begins that stored the first event after `position`; None where no event follows.

    `wal` holds the WAL of the server behind `connection`. Raises RestoreFailed where the store never reached
    `position`, or where the WAL lacks the commit.
    """
    rows = connection.execute(_SELECT_BEYOND, (position,)).fetchall()
    if not rows:
        [(head,)] = connection.execute(_SELECT_HEAD).fetchall()
        if head < position:
            raise RestoreFailed(f"The archive ends at position {head:,}: there is no position {position:,}.")
        return None
    [(transaction,)] = rows
    for committed, lsn, described in _commits(wal, home):
        parts = _SUBTRANSACTIONS.search(described)
        if transaction == committed or (parts and transaction in parts[1].split()):
            return lsn
    raise RestoreFailed(f"The WAL since the base backup does not have the commit after position {position:,}.")


def _commits(wal: Path, home: Path) -> Iterator[tuple[str, int, str]]:
    """Every commit in the WAL: its transaction, the LSN where it begins, and its description."""
    segments = sorted(segment for file in wal.iterdir() if (segment := segment_of(file.name)))
    for timeline in sorted({segment.timeline for segment in segments}):
        first = next(segment for segment in segments if segment.timeline == timeline)
        for line in _dumped(wal, first, home):
            if match := _COMMIT.search(line):
                yield match[1], lsn_of(match[2]), match[3]


def _dumped(wal: Path, first: Segment, home: Path) -> Iterator[str]:
    """The output lines of pg_waldump.

    At the end of the WAL pg_waldump always ends with an error, because it cannot tell this end from damage.
    """
    command: list[str | Path] = [program("pg_waldump", home), "--rmgr=Transaction", f"--path={wal}"]
    command += [f"--timeline={first.timeline}", f"--start={lsn_text(first.start)}"]
    with subprocess.Popen(  # noqa: S603 - one of Postgres's programs
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={"LC_ALL": "C"},
    ) as process:
        assert process.stdout is not None
        yield from process.stdout
