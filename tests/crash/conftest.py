"""One running system for the crash tests: each leaves it whole again, and with its promises kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from interfaces.runtime.supervisor import Stack
from tests.crash.system import crashable_stack


@pytest.fixture(scope="package")
def stack(session_folder: Path) -> Iterator[Stack]:
    with crashable_stack(session_folder / "crash-home") as running:
        yield running
