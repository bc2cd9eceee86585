"""A running system whose servers tell what they are asked; the product's own processes are as ever."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from unittest.mock import patch

from infrastructure.embedded import postgres
from infrastructure.embedded.nats import EmbeddedNats
from infrastructure.embedded.ports import free_port
from infrastructure.embedded.process import ChildProcess
from interfaces import composition
from interfaces.runtime.settings import VARIABLES
from interfaces.runtime.supervisor import Stack
from tests.support.counted import statements
from tests.support.counted.calls import CountedCalls
from tests.support.running import NO_WEBHOOKS

PROVIDER_TIMEOUT_S: Final = 60.0
"""So long that a busy machine makes no operation uncertain, which would be asked about again."""
_LOG_BYTES_MAX: Final = 1 << 40
_SETTINGS: Final = statements.SETTINGS | {
    "autovacuum": "off",
    # How many entries share a commit depends on how long a flush takes: here at least 2 ms, however fast the disk is.
    "fsync": "on",
    "commit_delay": "2000",
    "commit_siblings": "0",
    # No checkpoint but the one that is asked for.
    "checkpoint_timeout": "1h",
    "max_wal_size": "8GB",
}


class MonitoredNats(EmbeddedNats):
    """Answers how many messages it was sent, at `http://127.0.0.1:<monitoring_port>/varz`."""

    def _command(self, port: int) -> ChildProcess:
        self.monitoring_port = free_port()
        command = super()._command(port)
        command._command = [*command._command, "-m", str(self.monitoring_port)]
        return command


class CountedStack(Stack):
    calls: CountedCalls

    def _simulator(self, name: str, port: int, webhook_secret: str, data: Path) -> ChildProcess:
        """The simulator behind a proxy, which takes its port."""
        behind = free_port()
        self.calls = CountedCalls(port, behind)
        self.webhook_secret = webhook_secret
        return super()._simulator(name, behind, webhook_secret, data)

    @property
    def monitoring_url(self) -> str:
        nats = self.embedded.nats
        assert isinstance(nats, MonitoredNats)
        return f"http://127.0.0.1:{nats.monitoring_port}/varz"

    @property
    def process_ids(self) -> dict[str, int]:
        return {process.name: process.pid for process in self.processes}


@contextmanager
def counted_stack(home: Path) -> Iterator[CountedStack]:
    """Everything on data of its own under `home`, without webhooks; serve its `calls` before the provider is asked."""
    environment = {VARIABLES["provider_timeout_s"]: str(PROVIDER_TIMEOUT_S), **NO_WEBHOOKS}
    with (
        patch.object(postgres, "_DEFAULTS", postgres._DEFAULTS | _SETTINGS),
        patch.object(composition, "EmbeddedNats", MonitoredNats),
        patch.dict(os.environ, {VARIABLES["log_bytes_max"]: str(_LOG_BYTES_MAX)}),
        CountedStack(home, environment=environment) as stack,
    ):
        yield stack
