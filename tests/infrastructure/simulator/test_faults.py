"""Faults change what a client sees, and never what the books say: a repetition tells what became of it."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from tests.infrastructure.simulator.api import Api
from tests.support.simulator import SimulatorProcess

CHARGES = 24


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with SimulatorProcess(tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture
async def api(simulator: SimulatorProcess) -> AsyncIterator[Api]:
    api = Api(simulator.base_url)
    yield api
    await api.set_faults()
    await api.aclose()


async def statuses(api: Api, prefix: str, **faults: Any) -> list[int]:
    """How each of some charges was answered under `faults`, which are over afterwards."""
    await api.set_faults(**faults)
    answered = [(await api.charge(key=f"{prefix}-{n}", reference=prefix)).status for n in range(CHARGES)]
    await api.set_faults()
    return answered


async def keys_in_books(api: Api, reference: str) -> set[str]:
    return {line["key"] for line in await api.books() if line["reference"] == reference}


async def test_a_provider_that_is_down_breaks_the_connection_and_does_nothing(api: Api) -> None:
    await api.set_faults(down=True)
    with pytest.raises(aiohttp.ClientError):
        await api.charge(key="down", reference="down")
    with pytest.raises(aiohttp.ClientError):
        await api.operation("down")
    await api.set_faults()
    assert (await api.operation("down")).status == 404


async def test_down_for_a_while_ends_by_itself(api: Api) -> None:
    await api.set_faults(down_for_s=0.3)
    with pytest.raises(aiohttp.ClientError):
        await api.charge()
    while True:
        try:
            assert (await api.charge()).status == 201
        except aiohttp.ClientError:
            continue
        break


async def test_a_server_error_hides_an_effect_or_none(api: Api) -> None:
    answered = await statuses(api, "errors", error_5xx_percent=100, seed=1)
    assert set(answered) == {500}
    assert 0 < len(await keys_in_books(api, "errors")) < CHARGES
    again = [await api.charge(key=f"errors-{number}", reference="errors") for number in range(CHARGES)]
    assert {answer.status for answer in again} == {201}
    assert {answer.replayed for answer in again} == {True, False}
    assert len(await keys_in_books(api, "errors")) == len(again)


async def test_a_lost_answer_is_of_a_durable_effect(api: Api) -> None:
    await api.set_faults(lost_answer_percent=100)
    with pytest.raises(TimeoutError):
        await api.charge(key="lost", reference="lost", timeout_s=0.2)
    await api.set_faults()
    assert (await api.operation("lost")).json["http_status"] == 201
    assert (await api.charge(key="lost", reference="lost")).replayed


async def test_a_slow_answer_is_of_a_durable_effect(api: Api) -> None:
    await api.set_faults(slow_percent=100, slow_s=5)
    with pytest.raises(TimeoutError):
        await api.charge(key="slow", timeout_s=0.2)
    await api.set_faults()
    assert (await api.operation("slow")).json["http_status"] == 201
    await api.set_faults(slow_percent=100, slow_s=0.01)
    assert (await api.charge()).status == 201


async def test_some_charges_are_declined_softly_and_stay_declined(api: Api) -> None:
    answered = await statuses(api, "softly", decline_percent=50, seed=2)
    assert set(answered) == {201, 402}
    for number, status in enumerate(answered):
        again = await api.charge(key=f"softly-{number}", reference="softly")
        assert (again.status, again.replayed) == (status, True)
        if status == 402:
            assert again.error_code == "try_again_later"


async def test_a_seed_repeats_what_went_wrong(api: Api) -> None:
    faults = {"error_5xx_percent": 30, "decline_percent": 30}
    first, again, other = [await statuses(api, uuid4().hex, seed=seed, **faults) for seed in (7, 7, 8)]
    assert first == again
    assert first != other
    assert set(first) == {201, 402, 500}


@pytest.mark.parametrize("faults", [{"error_5xx_percent": 101}, {"seed": "one"}, {"surprise": True}], ids=str)
async def test_faults_that_make_no_sense_are_refused_and_the_current_ones_stay(api: Api, faults: object) -> None:
    await api.set_faults(seed=3)
    assert (await api.post("/_control/faults", faults, key=None)).status == 400
    assert (await api.get("/_control/faults")).json["seed"] == 3
