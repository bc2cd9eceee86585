"""`tallystick payouts`: what an operator sees of payouts, and does about those that are held."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from click.testing import Result
from msgspec.structs import replace

from domain.identifiers import PayoutId
from domain.payout.status import PayoutStatus
from interfaces import ids
from tests.cli.conftest import Run
from tests.support.treasury import Treasury, euros, open_treasury


@pytest.fixture
async def treasury(database_url: str) -> AsyncIterator[Treasury]:
    async with open_treasury(database_url) as opened:
        yield opened


async def said(run: Run, *arguments: str) -> Result:
    """What the command says: in a thread, where it has an event loop of its own."""
    return await asyncio.to_thread(run, *arguments)


def named(payout_id: PayoutId) -> str:
    return ids.text_of(ids.PAYOUT, payout_id)


async def test_a_held_payout_is_listed_and_approved(treasury: Treasury, run: Run) -> None:
    treasury.rule = replace(treasury.rule, hold_above_minor={"EUR": 1_000})
    held = await treasury.created(euros("50.00"))
    await treasury.created(euros("5.00"))
    await treasury.catch_up()
    listed = await said(run, "payouts", "list", "--status", "held", "--json")
    assert listed.exit_code == 0, listed.output
    [payout] = map(msgspec.json.decode, listed.output.splitlines())
    assert (payout["payout_id"], payout["reason"]) == (named(held), "above 10.00 EUR")
    assert "50.00 EUR" in (await said(run, "payouts", "list")).output
    assert (await said(run, "payouts", "approve", named(held), "--as", "anna")).exit_code == 0
    assert await treasury.status(held) == PayoutStatus.PENDING
    assert msgspec.json.decode((await said(run, "payouts", "show", named(held))).output)["status"] == "pending"


async def test_a_payout_is_canceled_for_a_reason(treasury: Treasury, run: Run) -> None:
    payout_id = await treasury.created(euros("5.00"))
    assert (
        await said(run, "payouts", "cancel", named(payout_id), "--reason", "the account was taken over")
    ).exit_code == 0
    shown = msgspec.json.decode((await said(run, "payouts", "show", named(payout_id))).output)
    assert (shown["status"], shown["reason"]) == ("canceled", "the account was taken over")
    refused = await said(run, "payouts", "approve", named(payout_id))
    assert refused.exit_code == 1
    assert "is canceled" in refused.output


async def test_the_file_of_a_batch_is_what_the_bank_was_sent(treasury: Treasury, run: Run) -> None:
    await treasury.created(euros("5.00"))
    await treasury.run_files()
    await treasury.catch_up()
    [batch] = map(msgspec.json.decode, (await said(run, "payouts", "batches", "--json")).output.splitlines())
    assert (batch["status"], batch["payouts"], batch["total"]) == ("submitted", 1, 500)
    assert (await said(run, "payouts", "file", batch["batch_id"])).output.encode() == treasury.bank.files[
        batch["message_id"]
    ]
    assert "BANK-1" in (await said(run, "payouts", "batches")).output
    assert (await said(run, "payouts", "file", "pb_00000000000000000000000000")).exit_code == 1
