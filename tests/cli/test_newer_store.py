"""A store that a later version has been at is refused by whatever would serve it, in one sentence."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.support.store import execute

NEWER = "a later version of Tallystick has been at this store"
MIGRATION = "INSERT INTO schema_migration (name, sha256) VALUES ('9999_of_later.sql', repeat('0', 64))"
VIEW = "INSERT INTO views.checkpoint (projection, position) VALUES ('of_later', 0)"
EVENT = """
INSERT INTO stored_events (originator_id, originator_version, topic, state)
VALUES (gen_random_uuid(), 1, 'payment.of_later.v1', '{}')
"""


@pytest.fixture(autouse=True)
def _home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """For `dev`, which makes a home, and hears signals."""
    monkeypatch.setenv("TALLYSTICK_HOME", str(folder))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("command", ["serve", "worker", "dev", "upgrade", "migrate", "status", "replay"])
def test_a_migration_that_is_not_known(run: Run, database_url: str, command: str) -> None:
    execute(database_url, MIGRATION)
    is_refused(run, command, "9999_of_later.sql")


@pytest.mark.parametrize("command", ["serve", "worker", "dev", "upgrade", "upgrade --dry-run"])
@pytest.mark.parametrize(("made", "name"), [(VIEW, "of_later"), (EVENT, "payment.of_later.v1")], ids=["view", "event"])
def test_a_view_or_an_event_that_is_not_known(run: Run, database_url: str, command: str, made: str, name: str) -> None:
    execute(database_url, made)
    is_refused(run, command, name)


def is_refused(run: Run, command: str, name: str) -> None:
    port = ["--port", "0"] if command in ("serve", "dev") else []
    result = run(*command.split(), *port)
    *before, refusal = result.output.splitlines()
    assert (result.exit_code, len(before)) == (1, command == "dev"), result.output
    assert refusal.startswith(f"Error: {NEWER}: this one does not know {name}."), result.output
