"""An embedded server that ends unexpectedly is started again, as long as its supervisor runs."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from infrastructure.embedded.errors import EmbeddedError
from infrastructure.embedded.server import EmbeddedServer

LOOK_EVERY_S = 0.25
WAIT_S_MAX = 30.0
"""The longest pause between two tries to start a failing server; the first pause is LOOK_EVERY_S."""
_END_WITHIN_S = 0.5

Say = Callable[[str], None]


@contextmanager
def revived(servers: Sequence[EmbeddedServer], say: Say) -> Iterator[None]:
    """Restart each of `servers` on its former port when the server ends, and report this to `say`, inside the block.

    Failed starts are repeated after a growing pause. The caller stops the servers.
    """
    revival = _Revival(servers, say)
    threading.Thread(target=revival.run, name="revival", daemon=True).start()
    try:
        yield
    finally:
        revival.end()


class _Revival:
    """The thread that watches the servers.

    The thread outlives the block, because a server ends with the thread that started the server (see `ChildProcess`).
    The caller stops such a server like every other.
    """

    def __init__(self, servers: Sequence[EmbeddedServer], say: Say) -> None:
        self._servers = servers
        self._say = say
        self._over = threading.Event()
        self._has_ended = threading.Event()
        self._has_started_one = False

    def run(self) -> None:
        pause_s = LOOK_EVERY_S
        try:
            while not self._over.wait(pause_s):
                failed = [server for server in self._servers if not server.running and not self._revive(server)]
                pause_s = min(2 * pause_s, WAIT_S_MAX) if failed else LOOK_EVERY_S
        finally:
            self._has_ended.set()
        if self._has_started_one:
            threading.Event().wait()

    def end(self) -> None:
        self._over.set()
        while not self._has_ended.wait(_END_WITHIN_S):
            # The thread is starting a server; a start takes as long as a recovery.
            for server in self._servers:
                server.stop()

    def _revive(self, server: EmbeddedServer) -> bool:
        """Whether the server runs again."""
        self._say(f"{server.name} has ended by itself; starting it again. Its log is {server.log}.")
        self._has_started_one = True
        try:
            server.start()
        except (EmbeddedError, OSError) as error:  # OSError: the disk has no room for a file that a start writes.
            self._say(f"{server.name} does not start: {error}")
            return False
        self._say(f"{server.name} runs again.")
        return True
