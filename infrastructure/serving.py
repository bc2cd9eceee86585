"""Serving an HTTP application under granian, on one port and nowhere else, with workers that never outlive us."""

import ctypes
import multiprocessing
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any, Final

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

STOP_S_MAX: Final = 5
"""The time that a stop waits for open requests; a request that hangs would hold up the stop for ever."""
CONNECTIONS_MAX: Final = 4096
"""Open connections of one worker; above that a new one waits in the kernel's queue until another ends."""
BACKLOG_CONNECTIONS: Final = 2048
"""Connections in the kernel's queue of one worker; Linux cuts this to net.core.somaxconn."""
HEAD_WITHIN_MS: Final = 20_000
"""A connection that sends no whole head in this time is ended, an idle one that is kept alive too."""
HEAD_BYTES_MAX: Final = 96 * 1024
"""A request's head; granian answers 431 to a longer one. A target over our own limit still fits, to be told so."""
FILES_MAX: Final = 65_536
"""Open files that a process asks the system for."""
FILES_OF_OUR_OWN: Final = 256
"""Open files reserved for the database, providers and the bus."""
_LOGGED_AS_OURS: Final = {"loggers": {"_granian": {"propagate": True}}}
"""Granian's messages about workers that end unexpectedly go to our own log, not to granian's handlers."""
_PR_SET_PDEATHSIG: Final = 1
"""Linux, prctl(2): the signal that the kernel sends this process when its parent dies."""


class PortInUse(OSError):
    """Another process listens on the port, or the system does not permit us to."""


def serve(
    name: str, load_app: Callable[[], Any], *, host: str, port: int, workers: int = 1, stop_s_max: int = STOP_S_MAX
) -> None:
    """Serve the ASGI application that `load_app` makes in each worker, until SIGTERM or SIGINT.

    A worker that ends by itself is started again; when that one too ends within 5.5 s, all is given up with exit
    status 1, and the log says so. Raises PortInUse, SystemExit.
    """
    require_free(host, port)
    files = allow_open_files()
    server = Server(
        name,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        loop=Loops.uvloop,
        websockets=False,
        workers=workers,
        backlog=BACKLOG_CONNECTIONS,
        # granian counts connections, not requests.
        backpressure=min(CONNECTIONS_MAX, max(files - FILES_OF_OUR_OWN, 1)),
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_WITHIN_MS, max_buffer_size=HEAD_BYTES_MAX),
        workers_kill_timeout=stop_s_max,
        respawn_failed_workers=True,
        log_level=LogLevels.error,
        log_dictconfig=_LOGGED_AS_OURS,
    )
    server.serve(target_loader=load_app, wrap_loader=False)


def allow_open_files() -> int:
    """Raise this process's limit of open files to FILES_MAX, as far as the system permits. Returns the new limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if hard == resource.RLIM_INFINITY else min(FILES_MAX, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return FILES_MAX if soft == resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def require_free(host: str, port: int) -> None:
    """granian binds with SO_REUSEPORT: without this a second server would silently share the port."""
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise PortInUse(f"cannot listen on {host}:{port} ({error.strerror}); choose another with --port") from error


def die_with_supervisor() -> None:
    """Have the kernel kill this worker process together with its supervisor, on Linux; other systems cannot."""
    supervisor = multiprocessing.parent_process()
    if supervisor is None or sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != supervisor.pid:
        # The supervisor died before the kernel knew of the wish.
        os.kill(os.getpid(), signal.SIGKILL)
