"""Our own commands as processes."""

import sys
from collections.abc import Mapping
from pathlib import Path

from infrastructure.embedded.log_file import LOG_LIMITS, LogLimits
from infrastructure.embedded.process import ChildProcess


def own_command(
    name: str, arguments: list[str], *, log: Path, env: Mapping[str, str], log_limits: LogLimits = LOG_LIMITS
) -> ChildProcess:
    """One of our own commands as a supervised process."""
    command = [sys.executable, "-m", "interfaces.cli.main", *arguments]
    return ChildProcess(name, command, log=log, env=env, log_limits=log_limits)
