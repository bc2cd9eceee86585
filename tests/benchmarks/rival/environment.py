"""The environment of the rivals: the dependency group `rivals`, apart from the project's own packages."""

import os
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.systems import PROJECT, CannotRun

FOLDER = PROJECT / ".venv" / "rivals"
_INSTALL = ("sync", "--quiet", "--frozen", "--only-group", "rivals", "--no-install-project")
WITHIN_S = 600.0


def rivals_python() -> Path:
    """The interpreter that has the rivals installed. Raises CannotRun."""
    environment = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(FOLDER), "VIRTUAL_ENV": ""}
    install = [sys.executable, "-m", "uv", *_INSTALL, "--python", sys.executable]
    # The system's certificates first, for networks with a certificate authority of their own.
    for certificates in (["--system-certs"], []):
        done = subprocess.run(
            [*install, *certificates], cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=WITHIN_S
        )
        if done.returncode == 0:
            return FOLDER / "bin" / "python"
    raise CannotRun(
        "The rivals (django-payments, django-hordak) are not installed: they could not be had from PyPI.\n"
        + done.stderr[-2000:]
    )
