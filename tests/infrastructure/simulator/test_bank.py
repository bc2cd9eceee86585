"""The simulator's bank: what it takes is taken once and kept, what it refuses it takes nothing of."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from infrastructure.bank.pain001 import payment_file
from tests.infrastructure.bank.batches import OURS, batch, instruction
from tests.infrastructure.simulator.api import Answer, Api, Json
from tests.support.running import eventually
from tests.support.simulator import DEADLINE_S, SimulatorProcess

REPORTS_AFTER_S = "0.05"
LATER_S = "600"


class BankApi:
    """The bank as a test calls it: raw bytes."""

    def __init__(self, base_url: str) -> None:
        self.api = Api(base_url)
        self._session = aiohttp.ClientSession(base_url)

    async def aclose(self) -> None:
        await self.api.aclose()
        await self._session.close()

    async def submit(self, content: bytes, message_id: str | None) -> Answer:
        headers = {} if message_id is None else {"X-Message-Id": message_id}
        async with self._session.post("/bank/files", data=content, headers=headers) as response:
            return Answer(response.status, await response.json(), replayed=False)

    async def reports(self, after: int | str = 0, limit: int = 1000) -> list[Json]:
        reports: list[Json] = (await self.api.get(f"/bank/reports?after={after}&limit={limit}")).json["reports"]
        return reports

    async def books(self) -> list[Json]:
        """Every payment, read page by page."""
        lines: list[Json] = []
        after: int | None = 0
        while after is not None:
            page = (await self.api.get(f"/bank/books?after={after}&limit=2")).json
            lines += page["payments"]
            after = page["next_after"]
        return lines

    async def line(self, end_to_end_id: str) -> Json:
        [line] = await self.lines(end_to_end_id)
        return line

    async def lines(self, end_to_end_id: str) -> list[Json]:
        return [line for line in await self.books() if line["end_to_end_id"] == end_to_end_id]

    async def comes_to(self, end_to_end_id: str, status: str) -> Json:
        """The payment's line once it has that status."""

        async def has_come() -> bool:
            return [line["status"] for line in await self.lines(end_to_end_id)] == [status]

        await eventually(has_come, f"{end_to_end_id} is {status}", within_s=DEADLINE_S)
        return await self.line(end_to_end_id)


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    data = tmp_path_factory.mktemp("simulator")
    with SimulatorProcess(data, TALLYSTICK_SIMULATOR_BANK_REPORTS_AFTER_S=REPORTS_AFTER_S) as simulator:
        yield simulator


@pytest.fixture
async def bank(simulator: SimulatorProcess) -> AsyncIterator[BankApi]:
    bank = BankApi(simulator.base_url)
    yield bank
    await bank.api.set_faults()
    await bank.aclose()


def file(*names: str) -> tuple[bytes, str, list[str]]:
    """A file that pays creditors of these names, its message id, and the payments' ids."""
    asked = batch(*(instruction(holder_name=name) for name in names))
    return payment_file(asked, OURS), asked.message_id, [each.end_to_end_id for each in asked.instructions]


async def test_what_is_taken_is_in_the_books_at_once_and_confirmed_later(bank: BankApi) -> None:
    content, message_id, [paid] = file("Anna")
    answer = await bank.submit(content, message_id)
    assert (answer.status, answer.json["message_id"]) == (200, message_id)
    line = await bank.comes_to(paid, "confirmed")
    assert (line["amount"], line["currency"], line["creditor"]) == ("12.34", "EUR", "Anna")
    assert (line["account"], line["payments_of_end_to_end_id"]) == ("DE89370400440532013000", 1)


async def test_the_same_again_gets_the_same_answer_and_other_bytes_a_409(bank: BankApi) -> None:
    content, message_id, [paid] = file("Anna")
    first, again = await bank.submit(content, message_id), await bank.submit(content, message_id)
    assert first == again
    assert (await bank.submit(content + b"\n", message_id)).status == 409
    assert (await bank.line(paid))["payments_of_end_to_end_id"] == 1


async def test_many_at_once_of_the_same_message_are_one(bank: BankApi) -> None:
    content, message_id, [paid] = file("Anna")
    answers = await asyncio.gather(*(bank.submit(content, message_id) for _ in range(8)))
    assert {(answer.status, answer.json["reference"]) for answer in answers} == {(200, answers[0].json["reference"])}
    assert (await bank.line(paid))["payments_of_end_to_end_id"] == 1


async def test_one_payment_in_two_messages_is_made_twice_and_counted(bank: BankApi) -> None:
    twice = instruction()
    for asked in (batch(twice), batch(twice)):
        assert (await bank.submit(payment_file(asked, OURS), asked.message_id)).status == 200
    lines = await bank.lines(twice.end_to_end_id)
    assert [line["payments_of_end_to_end_id"] for line in lines] == [2, 2]


GOOD, GOOD_ID, _ = file("Anna")
REFUSED: dict[str, bytes] = {
    "nothing": b"",
    "no XML": b"hello",
    "half of it": GOOD[: len(GOOD) // 2],
    "no text": b"\xff\xfe\x00",
    "a path": b"/etc/hostname",
    "another document": b"<Document/>",
    "entities": b'<!DOCTYPE d [<!ENTITY e "e">]>' + GOOD.partition(b"\n")[2],
    "an element missing": GOOD.replace(b"<EndToEndId>", b"<InstrId>").replace(b"</EndToEndId>", b"</InstrId>"),
    "another version": GOOD.replace(b"pain.001.001.09", b"pain.001.001.03"),
    "a wrong count": GOOD.replace(b"<NbOfTxs>1</NbOfTxs>", b"<NbOfTxs>2</NbOfTxs>"),
    "a wrong sum": GOOD.replace(b"<CtrlSum>12.34</CtrlSum>", b"<CtrlSum>12.35</CtrlSum>"),
    "an amount of nothing": GOOD.replace(b"12.34", b"0.00"),
    "another message": GOOD.replace(GOOD_ID.encode(), b"another"),
    "a creditor who asks for it": file("Refused File")[0],
}


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
async def test_a_file_that_is_not_in_order_is_refused_with_a_reason_and_nothing_of_it_taken(
    bank: BankApi, content: bytes
) -> None:
    before = len(await bank.books())
    answer = await bank.submit(content, GOOD_ID)
    assert (answer.status, answer.error_code) == (422, "file_refused")
    assert answer.json["error"]["message"]
    assert len(await bank.books()) == before


async def test_a_message_without_an_id_is_no_message(bank: BankApi) -> None:
    assert (await bank.submit(GOOD, None)).status == 400
    assert (await bank.submit(GOOD, "x" * 36)).status == 400


async def test_reports_are_read_from_any_place_in_the_order_in_which_they_fell_due(bank: BankApi) -> None:
    content, message_id, ids = file("Slow Bank", "Anna", "Returned Payment", "Closed Account", "No Report")
    await bank.submit(content, message_id)
    await bank.comes_to(ids[0], "confirmed")
    told = await bank.reports()
    assert [int(report["report_id"]) for report in told] == list(range(1, len(told) + 1))
    assert [report["at"] for report in told] == sorted(report["at"] for report in told)
    assert [report["report_id"] for report in await bank.reports(after=told[1]["report_id"], limit=2)] == ["3", "4"]
    said = [(report["end_to_end_id"], report["status"]) for report in told if report["message_id"] == message_id]
    assert said == [
        (ids[0], "pending"),
        (ids[1], "confirmed"),
        (ids[2], "confirmed"),
        (ids[3], "rejected"),
        (ids[2], "returned"),
        (ids[0], "confirmed"),
    ]
    assert (await bank.line(ids[4]))["status"] == "received"


async def test_an_unruly_bank_says_things_again_and_leaves_nothing_out(bank: BankApi) -> None:
    content, message_id, [paid] = file("Anna")
    await bank.submit(content, message_id)
    await bank.comes_to(paid, "confirmed")
    told = await bank.reports()
    await bank.api.set_faults(webhooks={"duplicate_percent": 100})
    assert await bank.reports(after=told[-1]["report_id"]) == [told[-1]]
    assert await bank.reports() == told


async def test_a_lost_answer_is_of_a_file_that_was_taken(bank: BankApi) -> None:
    content, message_id, [paid] = file("Anna")
    await bank.api.set_faults(lost_answer_percent=100)
    unanswered = asyncio.create_task(bank.submit(content, message_id))
    await bank.comes_to(paid, "confirmed")
    assert not unanswered.done()
    unanswered.cancel()
    await asyncio.gather(unanswered, return_exceptions=True)
    await bank.api.set_faults()
    assert (await bank.submit(content, message_id)).status == 200


@pytest.mark.system
async def test_kill_9_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    with SimulatorProcess(tmp_path, TALLYSTICK_SIMULATOR_BANK_REPORTS_AFTER_S=LATER_S) as simulator:
        bank = BankApi(simulator.base_url)
        content, message_id, [slow, paid] = file("Slow Bank", "Anna")
        first = await bank.submit(content, message_id)
        told = await bank.reports()
        await asyncio.to_thread(simulator.restart)
        assert await bank.submit(content, message_id) == first
        assert await bank.reports() == told
        assert {line["end_to_end_id"]: line["status"] for line in await bank.books()} == {
            slow: "pending",
            paid: "received",
        }
        await bank.aclose()
