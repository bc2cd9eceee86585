"""Who looks at a primary is told for which standbys its commits wait, and whether one follows."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from infrastructure.postgres.connection.standbys import Standby, awaited_standbys, none_confirms, standby_names
from interfaces.cli.main import main
from interfaces.runtime.settings import VARIABLES
from tests.support.replicas import Pair, a_pair, be_awaited
from tests.support.store import until


@pytest.fixture
def pair(folder: Path) -> Iterator[Pair]:
    with a_pair(folder) as made:
        yield made


@pytest.mark.parametrize(
    ("listed", "names"),
    [
        ('ANY 1 ("b")', ["b"]),
        ('ANY 1 (pg2, "pg-3")', ["pg2", "pg-3"]),
        ("FIRST 2 (a,b)", ["a", "b"]),
        ("2 (a,b)", ["a", "b"]),
        ("a, b", ["a", "b"]),
        ("*", ["*"]),
    ],
)
def test_every_form_of_the_setting_is_read(listed: str, names: list[str]) -> None:
    assert standby_names(listed) == names


@pytest.mark.system
async def test_a_standby_that_is_gone_is_told(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    async def seen() -> tuple[Standby, ...]:
        async with await psycopg.AsyncConnection.connect(pair.primary.reader_url, autocommit=True) as reader:
            return await awaited_standbys(reader)

    async def follows() -> bool:
        return [standby.follows for standby in await seen()] == [True]

    async def is_missed() -> bool:
        return none_confirms(await seen())

    assert await seen() == ()
    assert not none_confirms(())
    await be_awaited(pair.standby)
    await until(follows, "the standby follows")
    pair.standby.kill()
    await until(is_missed, "the primary has noticed that it is gone")
    monkeypatch.setenv(VARIABLES["database_url"], pair.primary.url)
    monkeypatch.setenv(VARIABLES["nats_url"], "nats://127.0.0.1:1")
    told = await asyncio.to_thread(CliRunner().invoke, main, ["status"])
    assert told.exit_code == 1
    assert "no standby has confirmed the commit: see docs/HIGH_AVAILABILITY.md" in told.output, told.output
    pair.standby.start()
    await until(follows, "the standby follows again", within_s=60)
    told = await asyncio.to_thread(CliRunner().invoke, main, ["status"])
    assert "Standby b: it follows, " in told.output, told.output
