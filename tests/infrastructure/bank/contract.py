"""What every bank has to keep, whoever stands behind the port: a file is taken once, and no report is lost."""

from collections.abc import Sequence
from typing import NamedTuple

import pytest

from application.payout.bank_port import (
    Accepted,
    Bank,
    BankFile,
    BankSilent,
    BankUnavailable,
    Instruction,
    PaymentReport,
    PaymentStatus,
    RefusedFile,
)
from tests.infrastructure.bank.batches import batch, instruction
from tests.support.losing_proxy import LosingProxy
from tests.support.running import eventually

WITHIN_S = 15.0


class Bench(NamedTuple):
    """A bank behind a proxy that can lose its answers, and one that nobody can reach."""

    bank: Bank
    proxy: LosingProxy
    unreachable: Bank


class BankContract:
    async def test_a_file_is_accepted_and_each_of_its_payments_reported(self, bench: Bench) -> None:
        instructions = tuple(instruction() for _ in range(3))
        submitted = await bench.bank.submit(*written(bench.bank, *instructions))
        assert isinstance(submitted, Accepted)
        assert submitted.reference
        for each in instructions:
            report = await last_report(bench.bank, each, PaymentStatus.CONFIRMED)
            assert report.reason_code is None
            assert report.at.tzinfo is not None

    async def test_the_same_file_again_gets_the_same_answer_and_pays_nobody_twice(self, bench: Bench) -> None:
        once = instruction()
        file, message_id = written(bench.bank, once)
        first = await bench.bank.submit(file, message_id)
        assert isinstance(first, Accepted)
        assert await bench.bank.submit(file, message_id) == first
        await last_report(bench.bank, once, PaymentStatus.CONFIRMED)
        assert len([report for report in await everything(bench.bank) if is_of(report, once)]) == 1

    async def test_a_lost_answer_is_unknown_and_repeating_finds_out(self, bench: Bench) -> None:
        once = instruction()
        file, message_id = written(bench.bank, once)
        with bench.proxy.losing():
            assert isinstance(await bench.bank.submit(file, message_id), BankUnavailable)
        assert isinstance(await bench.bank.submit(file, message_id), Accepted)
        await last_report(bench.bank, once, PaymentStatus.CONFIRMED)
        assert len([report for report in await everything(bench.bank) if is_of(report, once)]) == 1

    async def test_another_file_under_the_same_message_id_is_refused(self, bench: Bench) -> None:
        file, message_id = written(bench.bank, instruction())
        other, _ = written(bench.bank, instruction())
        assert isinstance(await bench.bank.submit(file, message_id), Accepted)
        assert isinstance(await bench.bank.submit(other, message_id), RefusedFile)

    async def test_a_file_that_is_none_is_refused_with_a_reason(self, bench: Bench) -> None:
        nonsense = BankFile(content=b"<Document/>", sha256="")
        refused = await bench.bank.submit(nonsense, "nonsense")
        assert isinstance(refused, RefusedFile)
        assert refused.reason

    async def test_a_bank_out_of_reach_is_unavailable_and_silent(self, bench: Bench) -> None:
        assert isinstance(await bench.unreachable.submit(*written(bench.bank, instruction())), BankUnavailable)
        with pytest.raises(BankSilent):
            await bench.unreachable.reports(None)

    async def test_reports_that_were_lost_are_told_again_to_who_asks_from_the_same_place(self, bench: Bench) -> None:
        once = instruction()
        await bench.bank.submit(*written(bench.bank, once))
        await last_report(bench.bank, once, PaymentStatus.CONFIRMED)
        told = await everything(bench.bank)
        with bench.proxy.losing(), pytest.raises(BankSilent):
            await bench.bank.reports(None)
        assert (await everything(bench.bank))[: len(told)] == told

    async def test_a_reader_that_stops_anywhere_misses_nothing_and_hears_nothing_anew(self, bench: Bench) -> None:
        instructions = tuple(instruction() for _ in range(4))
        for each in instructions:
            await bench.bank.submit(*written(bench.bank, each))
            await last_report(bench.bank, each, PaymentStatus.CONFIRMED)
        told = await everything(bench.bank)
        assert len({report.report_id for report in told}) == len(told)
        for at in range(len(told)):
            assert (await everything(bench.bank, after=told[at].report_id)) == told[at + 1 :]
        assert await bench.bank.reports(told[-1].report_id) == []


def written(bank: Bank, *instructions: Instruction) -> tuple[BankFile, str]:
    """The file that pays them, and its message id."""
    asked = batch(*instructions)
    return bank.instruct(asked), asked.message_id


async def everything(bank: Bank, after: str | None = None) -> list[PaymentReport]:
    """All reports behind `after`, page by page."""
    told: list[PaymentReport] = []
    while page := await bank.reports(after):
        told += page
        after = page[-1].report_id
    return told


async def reports_of(bank: Bank, one: Instruction) -> Sequence[PaymentReport]:
    return [report for report in await everything(bank) if is_of(report, one)]


async def last_report(bank: Bank, one: Instruction, status: PaymentStatus) -> PaymentReport:
    """The report of that payment with `status`, once it is there."""
    found: list[PaymentReport] = []

    async def is_told() -> bool:
        found[:] = [report for report in await reports_of(bank, one) if report.status is status]
        return bool(found)

    await eventually(is_told, f"{status} of {one.end_to_end_id}", within_s=WITHIN_S)
    return found[0]


def is_of(report: PaymentReport, one: Instruction) -> bool:
    return report.end_to_end_id == one.end_to_end_id
