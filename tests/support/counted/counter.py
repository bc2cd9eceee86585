"""Counts between two moments of a running system, each figure broken down into its parts."""

import os
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import aiohttp
from msgspec import Struct
from psycopg import AsyncConnection

from infrastructure.embedded.home import POSTGRES_DATA
from infrastructure.embedded.privileges import data_account
from infrastructure.embedded.runtime import postgres_binaries
from tests.crash.system import with_descendants
from tests.support.counted.stack import CountedStack
from tests.support.counted.statements import Statement, read_log
from tests.support.counted.wal import Wal, read_wal

Parts = Mapping[str, float]

# The commit of the message, which waits for the disk, puts all before it there.
_FLUSHED: Final = "SELECT pg_current_wal_insert_lsn()::text FROM pg_logical_emit_message(true, 'budget', '', true)"
_RELATIONS: Final = """
SELECT pg_relation_filenode(c.oid)::bigint,
    CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname,
    c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname <> 'pg_toast' AND pg_relation_filenode(c.oid) IS NOT NULL
UNION ALL
SELECT pg_relation_filenode(t.oid)::bigint,
    CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname || ' (toast)',
    t.relkind = 't' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
FROM pg_class AS c JOIN pg_class AS t ON t.oid = c.reltoastrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
"""
_UNLOGGED: Final = """
SELECT CASE schemaname WHEN 'public' THEN '' ELSE schemaname || '.' END || t.relname, n_tup_ins, n_tup_upd
FROM pg_stat_user_tables AS t JOIN pg_class AS c ON c.oid = t.relid WHERE c.relpersistence = 'u'
"""


class Counts(Struct, frozen=True):
    """What happened in `seconds`, by figure and part."""

    seconds: float
    figures: Mapping[str, Parts]

    def parts(self, figure: str) -> Parts:
        return self.figures.get(figure, {})

    def total(self, figure: str) -> float:
        return sum(self.parts(figure).values())

    def each(self, units: float, *, idle: "Counts | None" = None) -> "Counts":
        """For one of `units`, without what an idle system does in the same time: a busy one may do less of that."""
        share = 0.0 if idle is None else self.seconds / idle.seconds
        figures = {
            figure: {
                part: max(0.0, count - share * (idle.parts(figure).get(part, 0) if idle else 0)) / units
                for part, count in parts.items()
            }
            for figure, parts in self.figures.items()
        }
        return Counts(self.seconds / units, figures)


class Mark(Struct, frozen=True):
    """A moment: how far each of the counted things was."""

    at_s: float
    position: str
    log_bytes: int
    log_lines: Mapping[str, int]
    nats_messages: int
    calls: Mapping[str, int]
    unlogged: Mapping[str, tuple[int, int]]


class Counting:
    """Takes marks, and tells what happened between two of them."""

    def __init__(self, stack: CountedStack, connection: AsyncConnection[Any], http: aiohttp.ClientSession) -> None:
        self._stack = stack
        self._connection = connection
        self._http = http
        self._processes: dict[int, str] = {}
        home = stack.embedded.home
        self._data = home / POSTGRES_DATA
        self._binaries = postgres_binaries(home, data_account(self._data))

    async def mark(self) -> Mark:
        self._processes |= _processes_by_port(self._stack.process_ids)
        [(position,)] = await (await self._connection.execute(_FLUSHED)).fetchall()
        unlogged = await (await self._connection.execute(_UNLOGGED)).fetchall()
        return Mark(
            at_s=time.monotonic(),
            position=position,
            log_bytes=self._server_log.stat().st_size,
            log_lines=self.log_lines(),
            nats_messages=await self.nats_messages(),
            calls=dict(self._stack.calls.by_path),
            unlogged={name: (inserted, updated) for name, inserted, updated in unlogged},
        )

    def log_lines(self) -> dict[str, int]:
        """The lines that each process has logged, Postgres apart."""
        logs = [log for log in self._stack.logs.glob("*.log") if log != self._server_log]
        return {log.stem: log.read_bytes().count(b"\n") for log in logs}

    async def nats_messages(self) -> int:
        """The messages that were published since the start."""
        async with self._http.get(self._stack.monitoring_url) as reply:
            return int((await reply.json())["in_msgs"])

    async def between(self, start: Mark, end: Mark) -> Counts:
        with self._server_log.open("rb") as log:
            log.seek(start.log_bytes)
            said = read_log(log.read(end.log_bytes - start.log_bytes).decode(errors="replace"))
        wal = read_wal(self._binaries, self._data, start.position, end.position)
        figures: dict[str, Parts] = {
            "statements": Counter(self._by_whom(statement) for statement in said.statements),
            "transactions": Counter(by for by, _ in {(self._by_whom(s), s.transaction) for s in said.statements}),
            "nats_messages": {"published": end.nats_messages - start.nats_messages},
            "log_lines": _grown(start.log_lines, end.log_lines) | {"postgres": said.lines},
            "provider_calls": _grown(start.calls, end.calls),
            **await self._written(wal, start, end),
        }
        return Counts(end.at_s - start.at_s, figures)

    async def _written(self, wal: Wal, start: Mark, end: Mark) -> dict[str, Parts]:
        rows = await (await self._connection.execute(_RELATIONS)).fetchall()
        names = {node: name for node, name, _ in rows}
        tables = {node: name for node, name, is_table in rows if is_table}
        tuples = {tables[node]: counts for node, counts in wal.tuples.items() if node in tables}
        inserted = {name: counts.inserted for name, counts in tuples.items() if counts.inserted}
        updated = {name: counts.updated for name, counts in tuples.items() if counts.updated}
        for name, (inserts, updates) in end.unlogged.items():
            inserts_before, updates_before = start.unlogged.get(name, (0, 0))
            inserted |= {name: inserts - inserts_before} if inserts > inserts_before else {}
            updated |= {name: updates - updates_before} if updates > updates_before else {}
        return {
            "inserted": inserted,
            "updated": updated,
            "tuples": Counter(inserted) + Counter(updated),
            "view_rows": {
                name.removeprefix("views."): counts.inserted - counts.deleted
                for name, counts in tuples.items()
                if name.startswith("views.") and counts.inserted != counts.deleted
            },
            "wal_bytes": {names.get(node, "no relation"): size for node, size in wal.bytes.items()},
            "wal_image_bytes": {"page images": wal.image_bytes},
        }

    def _by_whom(self, statement: Statement) -> str:
        process = self._processes.get(statement.port, "?")
        return f"{process}: {statement.who.removeprefix('tallystick ')}"

    @property
    def _server_log(self) -> Path:
        return self._stack.embedded.postgres.log


def _grown(start: Mapping[str, int], end: Mapping[str, int]) -> dict[str, float]:
    return {name: count - start.get(name, 0) for name, count in end.items() if count != start.get(name, 0)}


def _processes_by_port(process_ids: Mapping[str, int]) -> dict[int, str]:
    """The process that each local TCP port belongs to, where the system shows it (Linux)."""
    found: dict[int, str] = {}
    with suppress(OSError):
        ports = dict(_ports_by_socket())
        for name, pid in process_ids.items():
            for inode in _sockets_of(with_descendants(pid)):
                if inode in ports:
                    found[ports[inode]] = name
    return found


def _ports_by_socket() -> Iterable[tuple[str, int]]:
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        yield fields[9], int(fields[1].rpartition(":")[2], 16)


def _sockets_of(pids: Iterable[int]) -> Iterable[str]:
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if inode := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(descriptor)):
                    yield inode[1]
