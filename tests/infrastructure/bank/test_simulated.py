"""The simulator's bank keeps the contract of a bank, and does what a creditor's name asks for."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import pytest

from application.payout.bank_port import Accepted, BankSilent, BankUnavailable, PaymentStatus, RefusedFile
from domain.bank_account.details import Scheme
from domain.money.money import Money
from infrastructure.bank.simulated import SimulatedBank
from tests.domain.bank_account.accounts import CURRENCY, DETAILS
from tests.infrastructure.bank.batches import OURS, batch, instruction
from tests.infrastructure.bank.contract import BankContract, Bench, everything, last_report, reports_of, written
from tests.infrastructure.simulator.api import Api
from tests.support.losing_proxy import losing_proxy
from tests.support.running import eventually
from tests.support.simulator import HOST, free_port, running_simulator

TIMEOUT_S = 1.0
LEISURE_S = 60.0
FILES = 30


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = tmp_path_factory.mktemp("simulator")
    with running_simulator(data, TALLYSTICK_SIMULATOR_BANK_REPORTS_AFTER_S="0.02") as url:
        asyncio.run(first_file(url))
        yield url


async def first_file(base_url: str) -> None:
    """A bank reads its schema with the first file, and that takes longer than any other."""
    async with aclosing(SimulatedBank(f"{base_url}/bank", OURS, timeout_s=LEISURE_S)) as bank:
        assert isinstance(await bank.submit(*written(bank, instruction())), Accepted)


@pytest.fixture
async def bank(base_url: str) -> AsyncIterator[SimulatedBank]:
    async with aclosing(SimulatedBank(f"{base_url}/bank", OURS, timeout_s=LEISURE_S)) as bank:
        yield bank


@pytest.fixture
async def hasty(base_url: str) -> AsyncIterator[SimulatedBank]:
    """One that gives up soon."""
    async with aclosing(SimulatedBank(f"{base_url}/bank", OURS, timeout_s=TIMEOUT_S)) as bank:
        yield bank


@pytest.fixture
async def api(base_url: str) -> AsyncIterator[Api]:
    api = Api(base_url)
    yield api
    await api.set_faults()
    await api.aclose()


class TestSimulatedBank(BankContract):
    @pytest.fixture
    async def bench(self, base_url: str) -> AsyncIterator[Bench]:
        async with (
            losing_proxy(base_url) as proxy,
            aclosing(SimulatedBank(f"{proxy.url}/bank", OURS, timeout_s=TIMEOUT_S)) as bank,
            aclosing(SimulatedBank(f"http://{HOST}:{free_port()}/bank", OURS)) as unreachable,
        ):
            yield Bench(bank=bank, proxy=proxy, unreachable=unreachable)


@pytest.mark.parametrize(("name", "code"), [("Closed Account", "AC04"), ("INSUFFICIENT FUNDS Ltd", "AM04")])
async def test_a_payment_is_rejected_for_a_reason(bank: SimulatedBank, name: str, code: str) -> None:
    refused = instruction(holder_name=name)
    assert isinstance(await bank.submit(*written(bank, refused)), Accepted)
    assert (await last_report(bank, refused, PaymentStatus.REJECTED)).reason_code == code
    assert len(await reports_of(bank, refused)) == 1


async def test_a_payment_comes_back_after_it_was_confirmed(bank: SimulatedBank) -> None:
    returned = instruction(holder_name="Returned Payment GmbH")
    await bank.submit(*written(bank, returned))
    assert (await last_report(bank, returned, PaymentStatus.RETURNED)).reason_code == "MS03"
    assert [report.status for report in await reports_of(bank, returned)] == ["confirmed", "returned"]


async def test_a_slow_payment_is_pending_first(bank: SimulatedBank) -> None:
    slow = instruction(holder_name="Slow Bank")
    await bank.submit(*written(bank, slow))
    await last_report(bank, slow, PaymentStatus.CONFIRMED)
    assert [report.status for report in await reports_of(bank, slow)] == ["pending", "confirmed"]


async def test_of_some_payments_nothing_is_ever_said(bank: SimulatedBank) -> None:
    silent, other = instruction(holder_name="No Report"), instruction()
    await bank.submit(*written(bank, silent, other))
    await last_report(bank, other, PaymentStatus.CONFIRMED)
    assert not await reports_of(bank, silent)


async def test_one_creditor_can_have_the_whole_file_refused(bank: SimulatedBank) -> None:
    good, bad = instruction(), instruction(holder_name="Refused File")
    file, message_id = written(bank, good, bad)
    assert isinstance(await bank.submit(file, message_id), RefusedFile)
    assert isinstance(await bank.submit(file, message_id), RefusedFile)
    assert not await reports_of(bank, good)


async def test_the_id_of_a_file_that_was_refused_is_free_for_a_better_one(bank: SimulatedBank) -> None:
    good, bad = instruction(), instruction(holder_name="Refused File")
    file, message_id = written(bank, good, bad)
    assert isinstance(await bank.submit(file, message_id), RefusedFile)
    better = bank.instruct(batch(good, message_id=message_id))
    assert isinstance(await bank.submit(better, message_id), Accepted)
    await last_report(bank, good, PaymentStatus.CONFIRMED)


@pytest.mark.parametrize("scheme", Scheme)
async def test_accounts_of_every_scheme_are_paid(bank: SimulatedBank, scheme: Scheme) -> None:
    one = instruction(amount=Money(5, CURRENCY[scheme]), details=DETAILS[scheme])
    await bank.submit(*written(bank, one))
    await last_report(bank, one, PaymentStatus.CONFIRMED)


async def test_however_the_wire_fails_each_payment_is_made_once(
    bank: SimulatedBank, hasty: SimulatedBank, api: Api
) -> None:
    await api.set_faults(
        seed=5, down_for_s=0.2, error_5xx_percent=30, lost_answer_percent=5, webhooks={"duplicate_percent": 50}
    )
    instructions = [instruction() for _ in range(FILES)]
    for each in instructions:
        file, message_id = written(bank, each)
        while isinstance(submitted := await hasty.submit(file, message_id), BankUnavailable):
            pass
        assert isinstance(submitted, Accepted)
    heard: dict[str, str] = {}
    after: str | None = None
    wanted = {each.end_to_end_id for each in instructions}

    async def all_are_heard_of() -> bool:
        nonlocal after
        try:
            page = await hasty.reports(after)
        except BankSilent:
            return False
        heard.update({report.report_id: report.end_to_end_id for report in page})
        after = page[-1].report_id if page else after
        return wanted <= set(heard.values())

    await eventually(all_are_heard_of, "every payment is heard of")
    assert sorted(wanted) == sorted(end_to_end_id for end_to_end_id in heard.values() if end_to_end_id in wanted)
    await api.set_faults()
    assert {report.report_id: report.end_to_end_id for report in await everything(bank)} == heard
