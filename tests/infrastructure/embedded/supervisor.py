"""Run as a program: a supervisor of both servers, for tests to kill.

`supervisor.py <home>` prints the servers' pids and waits for its end; with `--orphan` it leaves the servers running
when killed, as a supervisor would where no parent-death signal exists.
"""

import signal
import sys
from pathlib import Path

from infrastructure.embedded import process
from infrastructure.embedded.home import Home
from infrastructure.embedded.nats import EmbeddedNats
from infrastructure.embedded.postgres import EmbeddedPostgres


def main(home: Path, orphan: bool) -> None:
    if orphan:
        process._prctl = None
    with Home(home):
        servers = (EmbeddedPostgres(home, settings={"fsync": "off"}), EmbeddedNats(home))
        for server in servers:
            server.start()
        print(*(server.pid for server in servers), flush=True)
        signal.pause()


if __name__ == "__main__":
    main(Path(sys.argv[1]), "--orphan" in sys.argv)
