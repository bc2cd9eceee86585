"""The machine that the figures were measured on: processor, versions, Postgres settings, and the disk's fsync rate."""

import os
import platform
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg

from infrastructure.embedded.runtime import postgres_binaries

_SETTINGS = (
    "server_version",
    "fsync",
    "full_page_writes",
    "synchronous_commit",
    "wal_sync_method",
    "shared_buffers",
    "max_wal_size",
    "checkpoint_timeout",
)
_PACKAGES = ("psycopg", "litestar", "granian", "msgspec", "nats-py", "eventsourcing")


def machine() -> str:
    """One paragraph: processor, cores, memory, interpreter and packages."""
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"machine: {_processor()}, {os.cpu_count()} cores, {_memory_gib():.0f} GiB, {platform.system()} "
        f"{platform.release()}\nPython {platform.python_version()}, {packages}"
    )


def postgres_settings(connection: psycopg.Connection[Any]) -> str:
    """The settings that decide what a commit costs."""
    values = {name: connection.execute(f"SHOW {name}").fetchone() for name in _SETTINGS}
    said = ", ".join(f"{name} {value[0]}" for name, value in values.items() if value)
    return f"postgres: {said}"


def fsync_rate(folder: Path, *, seconds: int = 1) -> str:
    """What `pg_test_fsync` says of the disk under `folder`: 8 kB writes made durable, a second, by each method."""
    program = postgres_binaries(folder, None) / "pg_test_fsync"
    said = subprocess.run(
        [program, "-s", str(seconds), "-f", str(folder / "fsync.tmp")],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    one_write = said.partition("Compare file sync methods using one 8kB write")[2].partition("Compare")[0]
    rates = re.findall(r"^\s+(\w+)\s+([\d.]+) ops/sec", one_write, re.MULTILINE)
    return "fsync: " + ", ".join(f"{method} {float(rate):,.0f}/s" for method, rate in rates)


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
