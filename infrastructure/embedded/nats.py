"""An embedded NATS server on loopback stores nothing; one of its users may publish, the other may only listen."""

import json
import os
import secrets
import shutil
import signal
import socket
from pathlib import Path

from infrastructure.embedded.orphan import stop_orphan
from infrastructure.embedded.ports import LOOPBACK
from infrastructure.embedded.private_files import kept_password, write_private
from infrastructure.embedded.process import ChildProcess
from infrastructure.embedded.runtime import nats_server_binary
from infrastructure.embedded.server import EmbeddedServer
from infrastructure.nats.wakeup import ALL_STORES

_RELAY = "tallystick_relay"
_READER = "tallystick_reader"
# The supervisor's own environment may contain a database URL with its password.
_ENVIRONMENT = {"PATH": os.defpath, "TZ": "UTC"}
_MAX_PAYLOAD_BYTES = 4096
_PROBE_TIMEOUT_S = 2.0


class EmbeddedNats(EmbeddedServer):
    """nats-server without JetStream: a message is useless one second later, so no message is stored on disk."""

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
        self._reader_password = ""
        # The probe compares this name, to recognise another server that took the port first.
        self._server_name = f"tallystick-{secrets.token_hex(4)}"

    @property
    def url(self) -> str:
        """URL of the user that may only publish."""
        return self._url_of(_RELAY, self._password)

    @property
    def reader_url(self) -> str:
        """URL of the user that may only listen."""
        return self._url_of(_READER, self._reader_password)

    def _url_of(self, user: str, password: str) -> str:
        assert password, "nats has no URL before its first start"
        return f"nats://{user}:{password}@{LOOPBACK}:{self.port}"

    def _prepare(self) -> None:
        stop_orphan(
            self._pid_file,
            "nats-server",
            self._config,
            signals=self.stop_signals,
            timeout_s=self._stop_timeout_s,
        )
        self._password = kept_password(self.home / "nats.password")
        self._reader_password = kept_password(self.home / "nats-reader.password")
        # Earlier versions kept events in a JetStream stream. The event store has these events.
        shutil.rmtree(self.home / "nats", ignore_errors=True)

    def _command(self, port: int) -> ChildProcess:
        config = {
            "server_name": self._server_name,
            "host": LOOPBACK,
            "port": port,
            "pid_file": str(self._pid_file),
            "max_payload": _MAX_PAYLOAD_BYTES,
            "authorization": {
                "users": [
                    {
                        "user": _RELAY,
                        "password": self._password,
                        "permissions": {"publish": [ALL_STORES], "subscribe": {"deny": [">"]}},
                    },
                    {
                        "user": _READER,
                        "password": self._reader_password,
                        "permissions": {"publish": {"deny": [">"]}, "subscribe": [ALL_STORES]},
                    },
                ]
            },
        }
        # The configuration format of nats-server includes JSON, except for \u escapes.
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
        """Whether the server on `port` is ours, read from the line `INFO {…}` that NATS sends on each connection."""
        try:
            with socket.create_connection((LOOPBACK, port), _PROBE_TIMEOUT_S) as connection:
                greeting = connection.makefile("rb").readline()
        except OSError:
            return False
        return greeting.startswith(b"INFO ") and self._server_name.encode() in greeting
