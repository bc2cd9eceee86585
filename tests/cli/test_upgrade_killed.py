"""`tallystick upgrade`, killed while it rebuilds: the next one does the rest, and leaves nothing behind."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from interfaces import composition
from interfaces.runtime.supervisor import Embedded
from projections.views import VIEWS
from tests.support.golden_homes import GOLDEN, restore
from tests.support.store import until
from tests.support.upgraded import command, faults_of_rows

pytestmark = pytest.mark.system

HALF = len(VIEWS) // 2
DONE, REST = list(VIEWS)[:HALF], list(VIEWS)[HALF:]
"""The views in the order in which they take their places."""
IN_PLACE = "SELECT projection FROM views.projection_checkpoint WHERE code IS NOT NULL"
FRESH = "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('views_rebuild') AND relkind = 'r'"
AT_WORK = "SELECT pid FROM pg_stat_activity WHERE application_name = 'tallystick upgrade'"


def test_an_upgrade_that_was_killed_is_done_by_the_next(folder: Path) -> None:
    facts = restore(GOLDEN / "8c86c2e", folder)
    with Embedded(folder) as embedded:
        url = embedded.settings.owner_database_url
        assert command(folder, "migrate").exit_code == 0
        killed_half_way(folder, url)
        assert found(url, FRESH) == {VIEWS[name].table for name in REST}
        done = command(folder, "upgrade")
        assert done.exit_code == 0, done.output
        assert [line for line in done.output.splitlines() if line.startswith("rebuilt")] == [
            f"rebuilt {name}" for name in REST
        ]
        assert (found(url, FRESH), found(url, IN_PLACE)) == (set(), set(VIEWS))
        replayed = command(folder, "replay")
        assert replayed.exit_code == 0, replayed.output
        assert faults_of_rows(embedded.settings.database_url, facts) == []


def killed_half_way(home: Path, url: str) -> None:
    """An upgrade that comes to the first of REST, whose reader does not let it, and is killed there."""
    log, environment = home / "log" / "upgrade.log", {**os.environ, "TALLYSTICK_HOME": str(home)}
    upgrade = composition.own_command("upgrade", ["upgrade"], log=log, env=environment)
    with read(url, VIEWS[REST[0]].table):
        upgrade.start()
        try:
            until_found(url, IN_PLACE, set(DONE))
        finally:
            upgrade.kill()
        until_found(url, AT_WORK, set())


@contextmanager
def read(url: str, table: str) -> Iterator[None]:
    """A reader of the table in a transaction that lasts."""
    with psycopg.connect(url) as reader:
        reader.execute(f"SELECT FROM views.{table}".encode())
        yield


def until_found(url: str, select: str, expected: set[str]) -> None:
    async def are_found() -> bool:
        return found(url, select) == expected

    asyncio.run(until(are_found, f"{expected} by {select}", within_s=120.0))


def found(url: str, select: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {value for (value,) in connection.execute(select.encode())}
