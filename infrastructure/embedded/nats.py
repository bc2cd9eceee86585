"""A NATS server of our own: JetStream kept in the home folder, on loopback, behind a password."""

import json
import os
import secrets
import signal
import socket
from pathlib import Path

from infrastructure.embedded.orphan import stop_orphan
from infrastructure.embedded.ports import LOOPBACK
from infrastructure.embedded.private_files import kept_password, write_private
from infrastructure.embedded.process import ChildProcess
from infrastructure.embedded.runtime import nats_server_binary
from infrastructure.embedded.server import EmbeddedServer

_USER = "tallystick"
# Our own may name a database with its password.
_ENVIRONMENT = {"PATH": os.defpath, "TZ": "UTC"}
_MAX_PAYLOAD_BYTES = 1024**2
_MAX_FILE_STORE_BYTES = 10 * 1024**3
_MAX_MEMORY_STORE_BYTES = 64 * 1024**2
_PROBE_TIMEOUT_S = 2.0


class EmbeddedNats(EmbeddedServer):
    """nats-server with JetStream over `<home>/nats`.

    It acknowledges before it syncs (every 2 minutes), as JetStream does by default: the event store is the truth.
    """

    name = "nats"
    stop_signals = (signal.SIGTERM,)

    def __init__(
        self,
        home: Path,
        *,
        port: int | None = None,
        ready_timeout_s: float = 60.0,
        stop_timeout_s: float = 10.0,
    ) -> None:
        super().__init__(home, port=port, ready_timeout_s=ready_timeout_s, stop_timeout_s=stop_timeout_s)
        self._config = self.home / "nats.conf"
        self._pid_file = self.home / "nats.pid"
        self._password = ""
        # By this name the probe knows ours from another server that won the race for the port.
        self._server_name = f"tallystick-{secrets.token_hex(4)}"

    @property
    def url(self) -> str:
        assert self._password, "nats has no URL before its first start"
        return f"nats://{_USER}:{self._password}@{LOOPBACK}:{self.port}"

    def _prepare(self) -> None:
        stop_orphan(
            self._pid_file,
            "nats-server",
            self._config,
            signals=self.stop_signals,
            timeout_s=self._stop_timeout_s,
        )
        self._password = kept_password(self.home / "nats.password")

    def _command(self, port: int) -> ChildProcess:
        config = {
            "server_name": self._server_name,
            "host": LOOPBACK,
            "port": port,
            "pid_file": str(self._pid_file),
            "max_payload": _MAX_PAYLOAD_BYTES,
            "authorization": {"user": _USER, "password": self._password},
            "jetstream": {
                "store_dir": str(self.home / "nats"),
                "max_file_store": _MAX_FILE_STORE_BYTES,
                "max_memory_store": _MAX_MEMORY_STORE_BYTES,
            },
        }
        # The server's own format includes JSON, short of its \u escapes.
        write_private(self._config, json.dumps(config, ensure_ascii=False, indent=2))
        return ChildProcess(
            self.name,
            [nats_server_binary(), "-c", self._config],
            log=self.log,
            log_limits=self.log_limits,
            env=_ENVIRONMENT,
            cwd=self.home,
            stop_signals=self.stop_signals,
        )

    def _answers(self, port: int) -> bool:
        """It greets each connection with one line, `INFO {…}`, once JetStream has recovered."""
        try:
            with socket.create_connection((LOOPBACK, port), _PROBE_TIMEOUT_S) as connection:
                greeting = connection.makefile("rb").readline()
        except OSError:
            return False
        return greeting.startswith(b"INFO ") and self._server_name.encode() in greeting
