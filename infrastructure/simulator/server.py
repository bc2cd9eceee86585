"""The simulator as a process of its own: one worker, quiet, stopped by SIGTERM or SIGINT."""

import os
import socket
from pathlib import Path
from typing import Final

from granian.constants import HTTPModes, Interfaces
from granian.server import Server

from infrastructure.simulator.app import DATA_ENV, create_app

STOP_S_MAX: Final = 2
"""How long a stop waits for open requests; one whose answer never comes would hold it for ever."""


def run(host: str, port: int, data: Path) -> None:
    """Serve the provider whose books are in the folder `data`, until a signal. Raises OSError for a port in use."""
    _require_free(host, port)
    os.environ[DATA_ENV] = str(data)
    server = Server(
        "simulator",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=1,
        workers_kill_timeout=STOP_S_MAX,
        log_enabled=False,
    )
    server.serve(target_loader=create_app, wrap_loader=False)


def _require_free(host: str, port: int) -> None:
    """granian binds with SO_REUSEPORT: without this a second simulator would silently share the port."""
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
