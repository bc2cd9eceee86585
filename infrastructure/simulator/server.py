"""The simulator runs as a process of its own: one worker, quiet, stopped by SIGTERM or SIGINT."""

import os
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from infrastructure.serving import serve
from infrastructure.simulator.app import create_app
from infrastructure.simulator.options import Options, from_environment, to_environment

STOP_S_MAX: Final = 2


def run(host: str, port: int, data: Path, options: Options | None = None) -> None:
    """Serve the provider whose books are in the folder `data`, until a signal. Raises PortInUse.

    Without `options`, the options come from the environment.
    """
    chosen = options or from_environment(os.environ)
    os.environ.update(to_environment(replace(chosen, data=str(data), public_url=f"http://{host}:{port}")))
    serve(chosen.name, create_app, host=host, port=port, stop_s_max=STOP_S_MAX)
