"""A log that cannot be written fails nothing and holds nothing up, and what it lost is counted."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.observability.log_sink import LINES_WAITING_MAX, LogSink
from tests.support.small_disk import fill, make_room, may_mount, small_disk

LOGGING = """
import logging, os, sys
import structlog
from infrastructure.observability.logs import configure_logs

sink, dropped = configure_logs(), []
sink.watch(lambda: dropped.append(1))
for number in range(3000):
    structlog.get_logger("request").info("request", path="/v1/payments", number=number)
    logging.getLogger("worker").warning("swept", extra={"number": number})
print(len(dropped), flush=True)
os._exit(0)
"""
WITHIN_S = 60.0


def dropped_to(standard_error: int) -> int:
    """How many of 6,000 lines a process dropped; it is to end by itself in any case."""
    told = subprocess.run(
        [sys.executable, "-c", LOGGING], stdout=subprocess.PIPE, stderr=standard_error, timeout=WITHIN_S, check=True
    )
    return int(told.stdout)


def test_a_device_that_is_always_full_drops_every_line() -> None:
    with open("/dev/full", "wb") as full:
        assert dropped_to(full.fileno()) == 6000


def test_a_pipe_that_nobody_reads_holds_nobody_up() -> None:
    reader, writer = os.pipe()
    try:
        assert dropped_to(writer) >= 6000 - LINES_WAITING_MAX - 1000
    finally:
        os.close(reader)
        os.close(writer)


def test_a_pipe_whose_reader_has_gone_ends_nobody() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        dropped_to(writer)
    finally:
        os.close(writer)


def test_a_pipe_that_is_read_has_every_line() -> None:
    source = "import logging\nfrom infrastructure.observability.logs import configure_logs\nconfigure_logs()\n"
    source += "for n in range(500): logging.getLogger('a').info('said', extra={'number': n})"
    told = subprocess.run([sys.executable, "-c", source], stderr=subprocess.PIPE, timeout=WITHIN_S, check=True)
    assert [json.loads(line)["number"] for line in told.stderr.splitlines()] == list(range(500))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    if not may_mount():
        pytest.skip("nothing may be mounted here: /dev/full shows that lines are dropped")
    with small_disk(tmp_path / "disk", size_mib=1) as disk:
        yield disk


def test_after_a_full_disk_has_room_again_the_log_says_how_many_lines_are_missing(disk: Path) -> None:
    path = disk / "log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    sink, line = LogSink(descriptor), b'{"event":"said"}' + b" " * 1000 + b"\n"
    sink.write(line)
    fill(disk)
    for _ in range(10):
        sink.write(line)
    make_room(disk)
    sink.write(b'{"event":"said again"}\n')
    os.close(descriptor)
    *_, again, note = path.read_bytes().splitlines()
    assert json.loads(again) == {"event": "said again"}, "a line of its own, whatever was torn before it"
    told = json.loads(note)
    assert told["event"] == "log_lines_dropped"
    assert 5 <= told["lines"] <= 10
