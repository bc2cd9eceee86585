"""With CI=true a skipped test is a failure: what CI does not run is not known to hold."""

import os
from collections.abc import Generator
from typing import Final, TypeVar

import pytest

ALLOWED: Final = {
    "nothing may be mounted here": "not every machine lets its root mount; other tests show what can be shown without",
    "only root has to run Postgres as somebody else": "who is not root has no such case",
}
"""Beginnings of the reasons that a test may be skipped for even so, and why it may."""

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _judged((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _judged((yield))


def _judged(report: Report) -> Report:
    is_skip = report.outcome == "skipped" and not hasattr(report, "wasxfail")
    if is_skip and os.environ.get("CI") == "true":
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        if not reason.removeprefix("Skipped: ").startswith(tuple(ALLOWED)):
            report.outcome = "failed"
            report.longrepr = f"{reason}; in CI nothing is skipped but for a reason that tests/support/skips.py has"
    return report
