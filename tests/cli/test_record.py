"""`tallystick record`: what an operator finds in a provider's own records is on record once, in the operator's name."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import pytest

from application.write.recording import record_all
from application.write.store import Append
from domain.event import name_of
from domain.history import Positioned
from domain.identifiers import PaymentId
from domain.payment.events import OperationAdopted
from interfaces import ids
from tests.cli.conftest import Run
from tests.support.domain import MERCHANT, History, authorized, captured, processing, voided
from tests.support.store import CAUSE, RECORDED_AT, open_store

BY_ANNA = ("--reason", "by the shop's owner, in the dashboard", "--as", "anna")


async def stored(database_url: str, history: History) -> str:
    payment_id = PaymentId(uuid4())
    async with open_store(database_url) as store:
        recorded = record_all(payment_id, 0, history, merchant_id=MERCHANT, cause=CAUSE, now=RECORDED_AT)
        await store.append(Append(events=recorded))
    return ids.text_of(ids.PAYMENT, payment_id)


async def history_of(database_url: str, payment: str) -> Sequence[Positioned]:
    async with open_store(database_url) as store:
        payment_id = ids.parse(payment, ids.PAYMENT)
        assert payment_id is not None
        return await store.history(payment_id)


async def names(database_url: str, payment: str) -> list[str]:
    return [name_of(each.event.data) for each in await history_of(database_url, payment)]


async def test_a_refund_is_recorded_once_and_may_be_told_to_have_failed(run: Run, database_url: str) -> None:
    payment = await stored(database_url, captured())
    refund = ("record", "refund", payment, "--reference", "re_9", "--amount", "3000", *BY_ANNA)
    first = await asyncio.to_thread(run, *refund)
    assert first.exit_code == 0, first.output
    assert "payment.operation_adopted.v1, payment.refunded.v3" in first.output.replace("\n", " ")
    assert "partially_refunded" in first.output
    again = await asyncio.to_thread(run, *refund)
    assert (again.exit_code, "it is on record already" in again.output) == (0, True), again.output
    adopted = (await history_of(database_url, payment))[-2].event
    assert isinstance(adopted.data, OperationAdopted)
    assert (adopted.actor, adopted.data.reference) == ("operator:anna@cli", "re_9")
    slip = await asyncio.to_thread(
        run, "record", "refund", payment, "--reference", "re_9", "--amount", "3001", *BY_ANNA
    )
    assert (slip.exit_code, "differs in amount" in slip.output) == (1, True), slip.output
    failed = ("record", "refund-failed", payment, "--reference", "re_9", "--amount", "3000", *BY_ANNA)
    for _ in range(2):
        undone = await asyncio.to_thread(run, *failed)
        assert (undone.exit_code, "is captured." in undone.output) == (0, True), undone.output
    after = await names(database_url, payment)
    assert (after.count("payment.refunded.v3"), after.count("payment.refund_reversed.v1")) == (1, 1)
    contradicts = await asyncio.to_thread(run, *refund)
    assert (contradicts.exit_code, "differs in outcome" in contradicts.output) == (1, True), contradicts.output
    unknown = await asyncio.to_thread(
        run, "record", "refund-failed", payment, "--reference", "re_1", "--amount", "3000", *BY_ANNA
    )
    assert (unknown.exit_code, "re_1" in unknown.output) == (1, True), unknown.output


async def test_a_capture_and_a_void_are_recorded(run: Run, database_url: str) -> None:
    reserved = await stored(database_url, authorized())
    released = await asyncio.to_thread(run, "record", "void", reserved, "--reference", "vo_9", *BY_ANNA)
    assert (released.exit_code, "is voided." in released.output) == (0, True), released.output
    taken = await asyncio.to_thread(
        run,
        "record",
        "capture",
        await stored(database_url, voided()),
        "--reference",
        "cap_9",
        "--amount",
        "500",
        *BY_ANNA,
    )
    assert (taken.exit_code, "is captured." in taken.output) == (0, True), taken.output


async def test_of_a_payment_without_a_charge_nothing_is_recorded(run: Run, database_url: str) -> None:
    payment = await stored(database_url, processing())
    for verb, amount in (("refund", ("--amount", "1")), ("capture", ("--amount", "1")), ("void", ())):
        refused = await asyncio.to_thread(run, "record", verb, payment, "--reference", "x", *amount, *BY_ANNA)
        assert refused.exit_code == 1, refused.output
    assert len(await names(database_url, payment)) == len(processing())


@pytest.mark.parametrize("verb", ["refund", "capture", "void", "refund-failed"])
def test_each_says_what_it_does_and_asks_for_a_reason(run: Run, verb: str) -> None:
    assert "Record that" in run("record", verb, "--help").output
    payment = ids.new_id(ids.PAYMENT)
    amount = () if verb == "void" else ("--amount", "1")
    refused = run("record", verb, payment, "--reference", "x", *amount, "--reason", " ")
    assert (refused.exit_code, "printable characters" in refused.output) == (2, True), refused.output
