"""Tuples and bytes by relation, read from the WAL by Postgres's own `pg_waldump`.

The WAL has what the statistics of a table tell only up to ten seconds later. Page images are apart: whether a page's
change takes its image along depends on when the last checkpoint was, and on how many pages a table has.
Not in the WAL: tuples of unlogged tables.
"""

import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

_RECORD: Final = re.compile(
    r"rmgr: (?P<manager>\S+)\s+len \(rec/tot\):\s*(?P<record>\d+)/\s*(?P<total>\d+), tx:\s*\d+, lsn: \S+, prev \S+, "
    r"desc: (?P<kind>\w+)(?P<rest>.*)"
)
_RELATION: Final = re.compile(r"blkref #0: rel \d+/\d+/(\d+)")
_TUPLES: Final = re.compile(r"ntuples: (\d+)")
_DUMPED_WITHIN_S: Final = 60.0


class Tuples(NamedTuple):
    inserted: int = 0
    updated: int = 0
    deleted: int = 0


class Wal(NamedTuple):
    tuples: Mapping[int, Tuples]
    """By the relation's file node."""
    bytes: Mapping[int, int]
    """Without page images, by file node; 0 for what belongs to no relation, such as commits."""
    image_bytes: int


def read_wal(binaries: Path, data: Path, start: str, end: str) -> Wal:
    """What the WAL from `start` to `end`, which is on disk already, says was done."""
    command = [str(binaries / "pg_waldump"), "-p", str(data / "pg_wal"), "-s", start, "-e", end]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_DUMPED_WITHIN_S, check=False)
    assert done.returncode == 0, done.stderr
    return read_records(done.stdout)


def read_records(text: str) -> Wal:
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    sizes: Counter[int] = Counter()
    image_bytes = 0
    for line in text.splitlines():
        record = _RECORD.match(line)
        assert record is not None, f"pg_waldump has another form: {line}"
        relation = _RELATION.search(line)
        node = int(relation[1]) if relation else 0
        size, total = int(record["record"]), int(record["total"])
        sizes[node] += size
        image_bytes += total - size
        if record["manager"] in ("Heap", "Heap2"):
            _count(counts[node], record["kind"], record["rest"])
    tuples = {node: Tuples(**count) for node, count in counts.items() if count}
    return Wal(tuples, dict(sizes), image_bytes)


def _count(count: Counter[str], kind: str, rest: str) -> None:
    match kind:
        case "INSERT":
            count["inserted"] += 1
        case "MULTI_INSERT":
            many = _TUPLES.search(rest)
            assert many is not None, rest
            count["inserted"] += int(many[1])
        case "UPDATE" | "HOT_UPDATE":
            count["updated"] += 1
        case "DELETE":
            count["deleted"] += 1
        case _:
            pass
