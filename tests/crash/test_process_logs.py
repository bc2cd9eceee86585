"""Of a failed test, the logs of its running systems are shown, and kept when their home is deleted."""

import shutil
from collections.abc import Generator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from interfaces.runtime.supervisor import Stack
from tests.support import process_logs
from tests.support.process_logs import ProcessLogs

TEST = "tests/crash/test_some.py::test_something[postgres]"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a system that starts nothing."""
    monkeypatch.setattr(process_logs, "_ENTER", lambda stack: stack)
    monkeypatch.setattr(process_logs, "_EXIT", lambda *_: None)
    log = tmp_path / "a-home" / "log"
    log.mkdir(parents=True)
    (log / "api.log").write_text("a line\n" * 5_000 + "the last line of the API\n")
    (log / "postgres.log").write_text("the last line of Postgres\n")
    return log.parent


@pytest.mark.parametrize("ends_first", [True, False])
def test_a_failed_test_shows_the_end_of_each_log_and_keeps_them_all(home: Path, ends_first: bool) -> None:
    logs, report = ProcessLogs(home.parent / "kept"), SimpleNamespace(failed=True, sections=[])
    test = logs.pytest_runtest_protocol(SimpleNamespace(nodeid=TEST))  # type: ignore[arg-type]
    next(test)
    if ends_first:
        with pytest.raises(AssertionError), _stack(home):
            raise AssertionError
        shutil.rmtree(home)
        _reported(logs, report)
    else:
        with _stack(home):
            _reported(logs, report)
    _ended(test)
    kept = home.parent / "kept" / "tests-crash-test_some.py-test_something-postgres-" / "a-home"
    shown = dict(report.sections)
    assert list(shown) == [f"the end of {kept / 'api.log'}", f"the end of {kept / 'postgres.log'}"]
    api, postgres = shown.values()
    assert api.endswith("a line\nthe last line of the API")
    assert len(api) <= process_logs.TAIL_BYTES
    assert postgres == "the last line of Postgres"
    assert len((kept / "api.log").read_text()) > 35_000


def test_a_passed_test_keeps_nothing(home: Path) -> None:
    logs, report = ProcessLogs(home.parent / "kept"), SimpleNamespace(failed=False, sections=[])
    test = logs.pytest_runtest_protocol(SimpleNamespace(nodeid=TEST))  # type: ignore[arg-type]
    next(test)
    with _stack(home):
        _reported(logs, report)
    _ended(test)
    assert report.sections == []
    assert not (home.parent / "kept").exists()


def _stack(home: Path) -> Stack:
    stack = Stack(home)
    stack.embedded = SimpleNamespace(home=home)  # type: ignore[assignment]
    return stack


def _reported(logs: ProcessLogs, report: Any) -> None:
    making = logs.pytest_runtest_makereport()
    next(making)
    _ended(making, report)


def _ended(hook: Generator[None, Any, Any], outcome: Any = None) -> None:
    with pytest.raises(StopIteration):
        hook.send(outcome)
