"""A provider that runs elsewhere: what happens to our disk does not happen to its books."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from interfaces import composition
from interfaces.runtime.child_environment import plain
from interfaces.runtime.supervisor import HOST, wait_until_listening

NAME = "simulator"


class Outside(NamedTuple):
    url: str
    accounts_file: Path


@contextmanager
def provider_outside(folder: Path) -> Iterator[Outside]:
    """A simulator on books of its own in `folder`, and the file that says where it is."""
    folder.mkdir()
    port = composition.free_port()
    url = f"http://{HOST}:{port}"
    arguments = ["simulator", "--name", NAME, "--port", str(port), "--data", str(folder / "books")]
    simulator = composition.own_command("outside", arguments, log=folder / "log", env=plain({}))
    simulator.start()
    try:
        wait_until_listening(simulator, port)
        accounts = folder / "providers.json"
        secret = {"webhook_secret": secrets.token_urlsafe()}
        account = {"name": NAME, "connector": "simulator", "url": url, "timeout_s": 5.0, "credentials": secret}
        composition.write_private(accounts, msgspec.json.encode([account]).decode())
        yield Outside(url, accounts)
    finally:
        simulator.terminate()
