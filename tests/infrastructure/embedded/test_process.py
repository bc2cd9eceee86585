"""A supervised child: its log, its end, and the end of what it started."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infrastructure.embedded import process as process_module
from infrastructure.embedded.errors import BinaryMissing
from infrastructure.embedded.log_file import LogLimits
from infrastructure.embedded.process import ChildProcess

Eventually = Callable[[Callable[[], bool]], None]


def python(source: str, log: Path, **env: str) -> ChildProcess:
    return ChildProcess("child", [sys.executable, "-u", "-c", source], log=log, env=env or None)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "child.log"


def test_its_output_goes_to_a_private_log(log: Path) -> None:
    for greeting in ("first", "second"):
        child = python("import os; print(os.environ['GREETING'])", log, GREETING=greeting)
        child.start()
        assert child.wait(timeout_s=10) == 0
        assert child.log_tail() == greeting
    assert log.read_text() == "first\nsecond\n"
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_log_grown_too_long_gives_way(log: Path) -> None:
    with log.open("wb") as file:
        file.truncate(17 * 1024**2)
    child = python("print('new')", log)
    child.start()
    child.wait(timeout_s=10)
    assert log.read_text() == "new\n"
    assert log.with_name("child.log.1").stat().st_size == 17 * 1024**2


def test_a_log_is_cut_off_while_the_program_writes_and_bounded_in_all(
    log: Path, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "LOOK_EVERY_S", 0.01)
    limits = LogLimits(bytes_max=20_000, files_max=3)
    writing = "import time\nfor n in range(1500):\n print(f'line {n:08}' + 'x' * 100); time.sleep(0.001)\nprint('end')"
    child = ChildProcess("child", [sys.executable, "-u", "-c", writing], log=log, log_limits=limits)
    (log.parent / "child.log.7").write_text("of a time when more were kept")
    child.start()
    child.wait(timeout_s=60)
    assert child.log_tail().endswith("end")
    kept = [log.with_name("child.log.2"), log.with_name("child.log.1"), log]
    assert sorted(log.parent.iterdir()) == sorted(kept)
    assert sum(file.stat().st_size for file in kept) < 2 * 3 * limits.bytes_max
    text = "".join(file.read_text() for file in kept)
    numbers = [int(line[5:13]) for line in text.splitlines() if line.startswith("line ")]
    assert numbers == sorted(numbers), "the older lines are in the older files"
    assert len(numbers) > 0.9 * (numbers[-1] - numbers[0]), "hardly any is lost in between"


def test_it_is_asked_to_end_before_it_is_made_to(log: Path, eventually: Eventually) -> None:
    polite = python("import signal; print('up'); signal.pause()", log)
    polite.start()
    assert polite.running
    assert os.getsid(polite.pid) == polite.pid
    polite.terminate()
    polite.terminate()
    assert polite.poll() == -signal.SIGTERM

    stubborn = python("import signal; signal.signal(15, signal.SIG_IGN); print('up')\nwhile True: signal.pause()", log)
    stubborn.start()
    eventually(lambda: stubborn.log_tail() == "up")
    stubborn.terminate(timeout_s=0.1)
    assert stubborn.poll() == -signal.SIGKILL


def test_a_kill_reaches_what_the_child_started(log: Path, eventually: Eventually) -> None:
    starting = "import subprocess, sys; print(subprocess.Popen(['sleep', '300']).pid); import signal; signal.pause()"
    child = python(starting, log)
    child.start()
    eventually(lambda: child.log_tail().isdigit())
    grandchild = Path("/proc", child.log_tail(), "cmdline")
    assert grandchild.read_bytes() == b"sleep\x00300\x00"
    child.kill()
    eventually(lambda: not grandchild.exists() or grandchild.read_bytes() == b"")


def test_a_missing_program_is_named(log: Path) -> None:
    with pytest.raises(BinaryMissing, match="/nowhere/at-all"):
        ChildProcess("child", ["/nowhere/at-all"], log=log).start()
