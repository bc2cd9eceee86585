"""What banks dispute at the simulator, what our desk hands in there, and what the books say in the end."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from application.provider.dispute_api import EvidenceFile
from domain.dispute.events import EvidenceKind
from domain.identifiers import DisputeId, SubmissionId
from domain.payment.outcome import Approved, Rejected, Unavailable
from infrastructure.provider.http import HttpCalls
from infrastructure.provider.simulator.dispute_api import SimulatorDisputeApi
from tests.infrastructure.simulator.api import Api, Json
from tests.infrastructure.simulator.test_webhooks import telling
from tests.support.receiver import Receiver, receiving
from tests.support.simulator import HOST, SimulatorProcess, free_port, wait_until


@pytest.fixture(scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def simulator(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Any:
    with SimulatorProcess(tmp_path_factory.mktemp("disputes"), **telling(receiver.url)) as simulator:
        yield simulator


@pytest.fixture
async def api(simulator: SimulatorProcess) -> AsyncIterator[Api]:
    api = Api(simulator.base_url)
    yield api
    await api.aclose()


@pytest.fixture
async def desk(simulator: SimulatorProcess) -> AsyncIterator[SimulatorDisputeApi]:
    calls = HttpCalls(simulator.base_url, timeout_s=5.0)
    yield SimulatorDisputeApi(calls)
    await calls.aclose()


def file(text: str) -> EvidenceFile:
    content = text.encode()
    return EvidenceFile(
        kind=EvidenceKind.RECEIPT,
        name="receipt.txt",
        media_type="text/plain",
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
    )


def new_id() -> SubmissionId:
    return SubmissionId(uuid4())


async def disputed(api: Api, charge_id: str, **fields: Any) -> DisputeId:
    answer = await api.post("/_control/disputes", {"charge": charge_id, **fields}, key=None)
    assert answer.status == 201, answer
    return DisputeId(answer.json["id"])


async def told_of(receiver: Receiver, charge_id: str, count: int) -> list[Json]:
    """The announcements of the charge's disputes, once there are so many."""

    def of(deliveries: Any) -> list[Json]:
        return [
            each.json
            for each in deliveries
            if each.json["type"].startswith("dispute.") and each.json["data"]["charge"] == charge_id
        ]

    return of(await receiver.until(lambda deliveries: len(of(deliveries)) >= count))


@pytest.mark.parametrize(("token", "kind"), [("tok_dispute", "chargeback"), ("tok_inquiry", "inquiry")])
async def test_a_token_has_its_charge_disputed_after_the_capture(
    api: Api, receiver: Receiver, token: str, kind: str
) -> None:
    charge_id = await api.charge_id(token)
    assert (await api.capture(charge_id, 4_000)).status == 201
    [opened] = await told_of(receiver, charge_id, 1)
    assert opened["type"] == "dispute.opened"
    assert (opened["data"]["kind"], opened["data"]["amount"]) == (kind, 4_000)
    refunded = await api.refund(charge_id, 1)
    assert refunded.status == (422 if kind == "chargeback" else 201), "what a bank has frozen cannot be refunded"


@pytest.mark.parametrize(("text", "result", "gone"), [("winning_evidence", "won", 0), ("losing_evidence", "lost", 700)])
async def test_the_evidence_decides(
    api: Api, receiver: Receiver, desk: SimulatorDisputeApi, text: str, result: str, gone: int
) -> None:
    charge_id = await api.charge_id(capture=True)
    dispute_id = await disputed(api, charge_id, amount=700)
    submission = new_id()
    assert await desk.submit(dispute_id, (file(f"Here: {text}."),), submission) == Approved(dispute_id)
    assert await desk.submit(dispute_id, (file(f"Here: {text}."),), submission) == Approved(dispute_id)
    told = await told_of(receiver, charge_id, 3)
    assert {each["type"] for each in told} == {"dispute.opened", "dispute.under_review", f"dispute.{result}"}
    line = await api.books_line(charge_id)
    assert (line["charged_back"], line["captured"]) == (gone, 10_000)


async def test_other_evidence_waits_for_the_bank(api: Api, receiver: Receiver, desk: SimulatorDisputeApi) -> None:
    charge_id = await api.charge_id(capture=True)
    dispute_id = await disputed(api, charge_id)
    assert await desk.submit(dispute_id, (file("See for yourself."),), new_id()) == Approved(dispute_id)
    ruled = await api.post(f"/_control/disputes/{dispute_id}/rule", {"result": "lost"}, key=None)
    assert ruled.json["status"] == "lost"
    assert (await api.books_line(charge_id))["charged_back"] == 10_000
    again = await api.post(f"/_control/disputes/{dispute_id}/rule", {"result": "won"}, key=None)
    assert again.json["status"] == "won"
    assert (await api.books_line(charge_id))["charged_back"] == 0
    told = {each["type"] for each in await told_of(receiver, charge_id, 4)}
    assert told == {"dispute.opened", "dispute.under_review", "dispute.lost", "dispute.won"}


async def test_what_the_desk_cannot_take_is_refused(api: Api, desk: SimulatorDisputeApi) -> None:
    charge_id = await api.charge_id(capture=True)
    late = await disputed(api, charge_id, amount=100, due_in_s=-1)
    refused = await desk.submit(late, (file("late"),), new_id())
    assert isinstance(refused, Rejected)
    assert refused.code == "too_late"
    nowhere = await desk.submit(DisputeId("dp_nowhere"), (file("x"),), new_id())
    assert isinstance(nowhere, Rejected)
    assert nowhere.code == "dispute_not_found"
    empty = await desk.submit(await disputed(api, charge_id, amount=100), (), new_id())
    assert isinstance(empty, Rejected)


async def test_giving_in_costs_the_charge(api: Api, desk: SimulatorDisputeApi) -> None:
    charge_id = await api.charge_id(capture=True)
    dispute_id = await disputed(api, charge_id, amount=2_500)
    acceptance = new_id()
    assert await desk.accept(dispute_id, acceptance) == Approved(dispute_id)
    assert await desk.accept(dispute_id, acceptance) == Approved(dispute_id)
    assert isinstance(await desk.accept(dispute_id, new_id()), Rejected)
    assert (await api.books_line(charge_id))["charged_back"] == 2_500


async def test_no_more_is_disputed_than_a_charge_has_left(api: Api) -> None:
    charge_id = await api.charge_id(capture=True)
    assert (await api.refund(charge_id, 6_000)).status == 201
    over = await api.post("/_control/disputes", {"charge": charge_id, "amount": 4_001}, key=None)
    assert (over.status, over.error_code) == (422, "nothing_to_dispute")
    await disputed(api, charge_id, amount=4_000)
    assert (await api.post("/_control/disputes", {"charge": charge_id}, key=None)).status == 422
    assert (await api.post("/_control/disputes", {"charge": "ch_nowhere"}, key=None)).status == 404


async def test_a_charge_is_named_by_its_reference_too(api: Api, receiver: Receiver) -> None:
    reference = uuid4().hex
    charge_id = await api.charge_id(reference=reference, capture=True)
    opened = await api.post("/_control/disputes", {"reference": reference, "kind": "inquiry"}, key=None)
    escalated = await api.post(f"/_control/disputes/{opened.json['id']}/escalate", {}, key=None)
    assert escalated.json["kind"] == "chargeback"
    told = await told_of(receiver, charge_id, 2)
    assert {each["type"] for each in told} == {"dispute.opened", "dispute.escalated"}


async def test_a_file_is_kept_under_its_own_digest_alone(simulator: SimulatorProcess) -> None:
    path = f"/v1/dispute_files/{'0' * 64}"
    async with aiohttp.ClientSession(simulator.base_url) as http, http.put(path, data=b"x") as answer:
        assert answer.status == 422


@pytest.mark.system
async def test_disputes_outlive_the_process(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> None:
    with SimulatorProcess(tmp_path_factory.mktemp("killed"), **telling(receiver.url)) as simulator:
        api = Api(simulator.base_url)
        charge_id = await api.charge_id(capture=True)
        dispute_id = await disputed(api, charge_id, amount=300)
        await api.post(f"/_control/disputes/{dispute_id}/rule", {"result": "lost"}, key=None)
        simulator.restart()
        wait_until(simulator.is_serving, "it serves again")
        assert (await api.get(f"/v1/disputes/{dispute_id}")).json["status"] == "lost"
        assert (await api.books_line(charge_id))["charged_back"] == 300
        await api.aclose()


async def test_a_desk_that_nobody_is_at_was_not_asked() -> None:
    calls = HttpCalls(f"http://{HOST}:{free_port()}", timeout_s=1.0)
    assert isinstance(await SimulatorDisputeApi(calls).accept(DisputeId("dp_1"), new_id()), Unavailable)
    await calls.aclose()


async def test_a_bank_disputes_less_and_rules_in_part(api: Api, receiver: Receiver) -> None:
    charge = (await api.charge(capture=True)).json
    dispute = await disputed(api, charge["id"], amount=800)
    amended = await api.post(f"/_control/disputes/{dispute}/amend", {"amount": 600}, key=None)
    assert (amended.status, amended.json["amount"]) == (200, 600)
    ruled = await api.post(f"/_control/disputes/{dispute}/rule", {"result": "lost", "lost": 250}, key=None)
    assert (ruled.status, ruled.json["status"]) == (200, "lost")
    told = [each["data"] for each in await told_of(receiver, charge["id"], 3)]
    assert {(each["amount"], each.get("lost")) for each in told} == {(800, None), (600, None), (600, 250)}
