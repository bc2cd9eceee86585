"""A disk without room costs counts for a while, and never the process that counts."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.observability import counts_file
from tests.support.running import eventually
from tests.support.small_disk import fill, make_room, may_mount, small_disk

COUNTING = """
import os, resource, sys
from pathlib import Path
from prometheus_client import CollectorRegistry, multiprocess
from infrastructure.observability import counts_file, metrics
from tests.support import small_disk

counts_file.ALLOCATE_AGAIN_AFTER_S = 0.0
limit, folder = sys.argv[1], Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)[1]

def count(routes):
    for number in range(routes):
        metrics.REQUESTS.labels(f"/v1/a/rather/long/route/{number:05}", "GET", 200).inc()

def total():
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return sum(s.value for m in registry.collect() for s in m.samples if s.name == "tallystick_http_requests_total")

count(10)
assert total() == 10, total()
if limit == "disk":
    small_disk.fill(folder)
else:
    resource.setrlimit(resource.RLIMIT_FSIZE, (counts_file.BYTES_FIRST, unlimited))
count(5000)
told, left_out = total(), counts_file.CountsFile.left_out
assert 10 < told < 5010 and told + left_out == 5010, (told, left_out)
for file in folder.glob("*.db"):
    assert file.stat().st_blocks * 512 >= file.stat().st_size, f"{file} has no block for what it says it holds"
if limit == "disk":
    small_disk.make_room(folder)
else:
    resource.setrlimit(resource.RLIMIT_FSIZE, (unlimited, unlimited))
count(5000)
assert total() == 10010, total()
print("counted")
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    if not may_mount():
        pytest.skip("nothing may be mounted here: the same is shown by a limit of files' sizes")
    with small_disk(tmp_path / "disk", size_mib=4) as disk:
        yield disk


def counted_in(folder: Path, limit: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
    return subprocess.run([sys.executable, "-c", COUNTING, limit], env=environment, capture_output=True, text=True)


def test_a_full_disk_leaves_counts_out_until_there_is_room(disk: Path) -> None:
    told = counted_in(disk, "disk")
    assert (told.returncode, told.stdout) == (0, "counted\n"), told.stderr


def test_a_file_that_may_not_grow_leaves_counts_out_until_it_may(tmp_path: Path) -> None:
    told = counted_in(tmp_path, "size")
    assert (told.returncode, told.stdout) == (0, "counted\n"), told.stderr


def test_a_process_that_starts_on_a_full_disk_counts_once_there_is_room(disk: Path) -> None:
    fill(disk)
    file = counts_file.CountsFile(str(disk / "counter_1.db"))
    file.write_value("a", 1.0, 0.0)
    assert not list(disk.glob("*.db")), "a file without blocks, which no reader can make anything of"
    make_room(disk)
    file._allocate_at = 0.0
    file.write_value("a", 2.0, 0.0)
    assert file.read_value("a") == (2.0, 0.0)
    file.close()
    again = counts_file.CountsFile(str(disk / "counter_1.db"))
    assert again.read_value("b") == (0.0, 0.0)
    assert again.read_value("a") == (2.0, 0.0), "a process of the same id goes on where the one before it was"
    again.close()


def stored(file: Path) -> list[float]:
    return [value for _, value, _, _ in counts_file._values_in(str(file))]


async def test_counts_of_an_event_loop_are_written_together_a_little_later(tmp_path: Path) -> None:
    path = tmp_path / "counter_1.db"
    file = counts_file.CountsFile(str(path))
    for number in range(1, 6):
        file.write_value("a", float(number), 0.0)
    assert (stored(path), file.read_value("a")) == ([0.0], (5.0, 0.0))

    async def are_written() -> bool:
        return stored(path) == [5.0]

    await eventually(are_written, "the counts are written")
    file.close()


async def test_what_waits_is_written_before_a_scrape_and_at_the_end(tmp_path: Path) -> None:
    one, other = tmp_path / "counter_1.db", tmp_path / "counter_2.db"
    files = counts_file.CountsFile(str(one)), counts_file.CountsFile(str(other))
    files[0].write_value("a", 1.0, 0.0)
    counts_file.CountsFile.write_all()
    assert stored(one) == [1.0]
    files[1].write_value("b", 2.0, 0.0)
    for file in files:
        file.close()
    assert stored(other) == [2.0]
