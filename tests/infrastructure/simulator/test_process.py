"""The simulator as a process: its books survive kill -9, and nothing is left serving."""

import asyncio
import itertools
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from infrastructure.simulator.schema import FIRST
from infrastructure.simulator.server import run
from tests.infrastructure.simulator.api import Api, Json
from tests.support.simulator import DEADLINE_S, HOST, SimulatorProcess, wait_until

pytestmark = pytest.mark.system

ANSWERS_BEFORE_KILL = 200


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[SimulatorProcess]:
    with SimulatorProcess(tmp_path) as simulator:
        yield simulator


@pytest.fixture
async def api(simulator: SimulatorProcess) -> AsyncIterator[Api]:
    api = Api(simulator.base_url)
    yield api
    await api.aclose()


async def test_kill_9_loses_no_answered_charge_and_repeating_the_others_doubles_none(
    simulator: SimulatorProcess, api: Api
) -> None:
    sent: set[str] = set()
    answered: dict[str, Json] = {}

    async def charge_until_killed(worker: int) -> None:
        for number in itertools.count():
            key = f"{worker}-{number}"
            sent.add(key)
            try:
                answered[key] = (await api.charge(key=key, reference=key)).json
            except aiohttp.ClientError:
                return
            if len(answered) == ANSWERS_BEFORE_KILL:
                # The other workers' requests are on their way now.
                os.killpg(simulator.pid, signal.SIGKILL)

    await asyncio.gather(*(charge_until_killed(worker) for worker in range(8)))
    simulator.restart()

    for key in sorted(sent):
        again = await api.charge(key=key, reference=key)
        assert again.status == 201
        assert again.json == answered.get(key, again.json)
    assert len(answered) >= ANSWERS_BEFORE_KILL
    books = await api.books()
    assert sorted(line["reference"] for line in books) == sorted(sent)
    assert {line["charges_of_reference"] for line in books} == {1}


async def test_a_timed_out_charge_survives_kill_9(simulator: SimulatorProcess, api: Api) -> None:
    with pytest.raises(TimeoutError):
        await api.charge("tok_timeout", key="timed-out", timeout_s=0.2)
    simulator.restart()
    assert (await api.operation("timed-out")).json["http_status"] == 201


def test_kill_9_of_the_supervisor_leaves_nothing_serving(simulator: SimulatorProcess) -> None:
    os.kill(simulator.pid, signal.SIGKILL)
    wait_until(lambda: not simulator.is_listening(), "the worker dies with its supervisor")


def test_sigterm_stops_it_without_an_error(simulator: SimulatorProcess) -> None:
    assert simulator.stop() == 0
    assert "Error" not in simulator.log.read_text()
    assert not simulator.is_listening()


async def test_sigterm_stops_it_even_while_an_answer_is_held(simulator: SimulatorProcess, api: Api) -> None:
    held = asyncio.create_task(api.charge("tok_timeout", key="held", timeout_s=30.0))
    async with asyncio.timeout(DEADLINE_S):
        while (await api.operation("held")).status == 404:
            pass
    assert await asyncio.to_thread(simulator.stop) == 0
    with pytest.raises(aiohttp.ClientError):
        await held


def test_a_second_simulator_on_the_port_is_refused(
    simulator: SimulatorProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The server tells its workers by the environment, which is this process's here.
    monkeypatch.setattr(os, "environ", os.environ.copy())
    with pytest.raises(OSError, match="Address already in use"):
        run(HOST, simulator.port, tmp_path / "second")


async def test_several_run_side_by_side_each_with_its_own_books(
    simulator: SimulatorProcess, api: Api, tmp_path: Path
) -> None:
    with SimulatorProcess(tmp_path / "north", TALLYSTICK_SIMULATOR_NAME="north") as north:
        other = Api(north.base_url)
        waiting = await other.charge("tok_3ds", key="of-north")
        async with aiohttp.ClientSession() as browser, browser.get(waiting.json["action"]["url"]) as page:
            assert "Payment at north" in await page.text()
        assert (await api.operation("of-north")).status == 404
        assert (await api.books(), len(await other.books())) == ([], 1)
        await other.aclose()


async def test_books_of_the_first_version_are_carried_on(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "simulator.sqlite3", isolation_level=None)) as before:
        before.executescript(FIRST)
        before.execute("INSERT INTO charge VALUES (1, 'ch_1', 'old', 'EUR', 'tok_visa', 100, 0, 0, 0, 0)")
    with SimulatorProcess(tmp_path) as simulator:
        api = Api(simulator.base_url)
        assert (await api.capture("ch_1", 100)).json["status"] == "captured"
        assert (await api.books_line("ch_1"))["charges_of_reference"] == 1
        simulator.restart()
        assert (await api.books_line("ch_1"))["status"] == "captured"
        await api.aclose()
