"""The report of a failed test ends with the last log lines of each process of its running systems, and names the folder
that keeps a copy of their logs."""

import re
import shutil
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import pytest

from interfaces.runtime.supervisor import Stack

KEPT: Final = "failed-logs"
"""The folder of the copies, in the root of the repository; a test's next failure replaces its copy."""
TAIL_BYTES: Final = 6_000
_ENTER, _EXIT = Stack.__enter__, Stack.__exit__


class ProcessLogs:
    """Knows the systems that run now, and keeps the logs of those that end while an exception passes: their home may be
    deleted before the report is made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[Stack] = []
        self._test = ""
        self._sections: list[tuple[str, str]] = []

    def patches(self) -> Any:
        def entered(stack: Stack) -> Stack:
            _ENTER(stack)
            self._running.append(stack)
            return stack

        def left(stack: Stack, kind: Any, error: BaseException | None, trace: Any) -> None:
            with suppress(ValueError):  # One that never ran.
                self._running.remove(stack)
            if error is not None:
                self._keep(stack)
            _EXIT(stack, kind, error, trace)

        return patch.multiple(Stack, __enter__=entered, __exit__=left)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._test, self._sections = item.nodeid, []
        with self.patches():
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.failed:
            for stack in self._running:
                self._keep(stack)
            report.sections += self._sections
            self._sections = []
        return report

    def _keep(self, stack: Stack) -> None:
        copy = self._folder / re.sub(r"[^\w.-]+", "-", self._test) / stack.embedded.home.name
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(stack.logs, copy)
        for log in sorted(copy.glob("*.log")):
            self._sections.append((f"the end of {log}", _tail(log)))


def _tail(log: Path) -> str:
    return log.read_bytes()[-TAIL_BYTES:].decode(errors="replace").strip()


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(ProcessLogs(config.rootpath / KEPT), "process-logs")
