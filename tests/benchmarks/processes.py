"""What the system's processes use: processor time and resident memory, each with its children."""

import os
from collections.abc import Mapping
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


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has just ended: its parent has counted it
        return 0.0
    # utime, stime, cutime, cstime: fields 14 to 17 of proc(5), where `state`, the first here, is the third.
    return sum(map(int, fields[11:15])) * _TICK_S


def _resident_mb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
