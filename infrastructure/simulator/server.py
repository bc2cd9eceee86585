"""The simulator as a process of its own: one worker, quiet, stopped by SIGTERM or SIGINT."""

import os
from pathlib import Path
from typing import Final

from infrastructure.serving import serve
from infrastructure.simulator.app import DATA_ENV, create_app

STOP_S_MAX: Final = 2


def run(host: str, port: int, data: Path) -> None:
    """Serve the provider whose books are in the folder `data`, until a signal. Raises PortInUse."""
    os.environ[DATA_ENV] = str(data)
    serve("simulator", create_app, host=host, port=port, stop_s_max=STOP_S_MAX)
