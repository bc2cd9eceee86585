"""A server takes a port on loopback that is still free when the server restarts."""

import random
import socket

from infrastructure.embedded.errors import PortUnavailable

LOOPBACK = "127.0.0.1"
# Below Linux's ephemeral range (32768 up). A client that keeps dialling the port of a stopped server from inside that
# range becomes connected to itself, and then holds the port.
_PORTS = range(20_000, 32_000)
_ATTEMPTS_MAX = 100


def free_port() -> int:
    """A port with no listener a moment ago; the caller tries another port when another process takes this one first."""
    for port in random.sample(_PORTS, _ATTEMPTS_MAX):
        if is_free(port):
            return port
    raise PortUnavailable(None)


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now; connections of an earlier server, in TIME_WAIT, do not count."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
