"""Our own commands as processes."""

import sys
from collections.abc import Mapping
from pathlib import Path

from infrastructure.embedded.process import ChildProcess


def own_command(name: str, arguments: list[str], *, log: Path, env: Mapping[str, str]) -> ChildProcess:
    """One of our own commands as a supervised process."""
    return ChildProcess(name, [sys.executable, "-m", "interfaces.cli.main", *arguments], log=log, env=env)
