"""What the system's processes use: processor time and resident memory, each with its children."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from interfaces.runtime.supervisor import Stack
from tests.crash.system import descendants

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def roots(stack: Stack) -> dict[str, int]:
    """Each part's outermost process."""
    return {
        "api": stack.api.pid,
        "worker": stack.worker.pid,
        "postgres": stack.embedded.postgres.pid,
        "nats": stack.embedded.nats.pid,
        "simulator": stack.simulator.pid,
    }


def cpu_s(parts: Mapping[str, int]) -> dict[str, float]:
    """Processor seconds that each part has used so far, children that have ended included."""
    return {name: sum(map(_cpu_s, family(pid))) for name, pid in parts.items()}


def resident_mb(parts: Mapping[str, int]) -> dict[str, float]:
    """What each part has in memory now, in MB (10⁶ bytes). Pages that its processes share count once for each."""
    return {name: sum(map(_resident_mb, family(pid))) for name, pid in parts.items()}


def family(pid: int) -> set[int]:
    return {pid} | descendants(pid)


def children(pid: int) -> dict[int, list[str]]:
    """The processes that `pid` has started itself, and the command line of each."""
    found = {}
    for child in descendants(pid):
        with suppress(OSError):  # it has just ended
            if _stat(child)[1] == str(pid):
                found[child] = Path(f"/proc/{child}/cmdline").read_text().split("\0")
    return found


def _cpu_s(pid: int) -> float:
    try:
        fields = _stat(pid)
    except OSError:  # it has just ended: its parent has counted it
        return 0.0
    # utime, stime, cutime, cstime: fields 14 to 17 of proc(5).
    return sum(map(int, fields[11:15])) * _TICK_S


def _stat(pid: int) -> list[str]:
    """The fields of proc(5) from the third, `state`, on; the fourth is the parent."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _resident_mb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
