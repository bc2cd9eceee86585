"""Payouts on the real store: no money is spent twice, none is sent twice, and none is lost, whoever dies when."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from application.payout.bank_accounts import BankAccountNotFound
from application.payout.bank_port import BankFile, Batch, InstructionInvalid, PaymentStatus
from application.payout.batch import load_batch
from application.payout.commands import InsufficientAvailable
from application.payout.files import FileDiffers
from application.payout.loaded import PayoutNotFound
from application.write.idempotency import IdempotencyKeyReused
from domain.history import Cause
from domain.identifiers import MerchantId
from domain.money.money import AmountOutOfRange, CurrencyMismatch, Money
from domain.payout.batch import end_to_end_id_for
from domain.payout.refusals import BankAccountUnusable, PayoutBelowMinimum, PayoutNotCancelable
from domain.payout.state import Failed, Returned
from domain.payout.status import PayoutStatus
from domain.payout_batch.state import Refused, Submitted
from domain.terms.payouts import Daily, Weekday, Weekly
from interfaces.resources.payout import render_payout_response
from tests.support.bank import OURS
from tests.support.store import everything
from tests.support.treasury import MERCHANT, Treasury, a_caller, body_of, both, euros, open_treasury, payout_id_in

ANNA = Cause(actor="operator:anna", request_id="req_1", trace_id="0" * 32)


@pytest.fixture
async def treasury(database_url: str) -> AsyncIterator[Treasury]:
    async with open_treasury(database_url) as opened:
        yield opened


async def test_a_payout_is_created_batched_submitted_and_paid(treasury: Treasury) -> None:
    payout_id = await treasury.created(euros("100.00"))
    assert await treasury.balances() == (0, 10_000)
    assert await treasury.status(payout_id) == PayoutStatus.PENDING

    await treasury.run_files()
    assert await treasury.status(payout_id) == PayoutStatus.IN_TRANSIT
    [batch] = await treasury.batches()
    assert batch.total == euros("100.00")
    assert batch.execution_date == date(2026, 11, 20)
    assert end_to_end_id_for(payout_id).encode() in treasury.bank.files[batch.message_id]
    assert isinstance((await load_batch(treasury.store, batch.batch_id)).batch, Submitted)

    await treasury.hear(payout_id, PaymentStatus.CONFIRMED)
    assert await treasury.status(payout_id) == PayoutStatus.PAID
    assert await treasury.balances() == (0, 0)


async def test_of_two_payouts_at_once_one_spends_the_money_and_the_other_leaves_nothing(treasury: Treasury) -> None:
    account = await treasury.account()
    await treasury.earn(euros("100.00"))
    before = len(await everything(treasury.store))
    results = await both(*(treasury.create(euros("100.00"), account, a_caller(f"key-{n}")) for n in range(2)))
    refused = [one for one in results if isinstance(one, InsufficientAvailable)]
    assert len(refused) == 1
    assert refused[0].requested == euros("100.00")
    assert await treasury.balances() == (0, 10_000)
    assert len(await everything(treasury.store)) == before + 2, "the payout and its journal entry"


async def test_a_repeat_is_answered_the_same_whatever_became_of_the_payout(treasury: Treasury) -> None:
    account = await treasury.account()
    await treasury.earn(euros("100.00"))
    first = await treasury.create(euros("100.00"), account, a_caller("key"))
    await treasury.payouts.cancel(payout_id_in(first), a_caller())
    await treasury.accounts.remove(account, a_caller())
    again = await treasury.create(euros("100.00"), account, a_caller("key"))
    assert (again.body, again.status, again.position) == (first.body, first.status, first.position)
    assert again.replayed
    with pytest.raises(IdempotencyKeyReused):
        await treasury.create(euros("50.00"), account, a_caller("key", request=b"another"))


async def test_repeats_at_once_make_one_payout(treasury: Treasury) -> None:
    account = await treasury.account()
    await treasury.earn(euros("300.00"))
    answers = await both(*(treasury.create(euros("100.00"), account, a_caller("key")) for _ in range(8)))
    assert len({answer.body for answer in answers}) == 1
    assert await treasury.balances() == (20_000, 10_000)


async def test_who_owes_us_is_paid_out_no_more_than_what_is_left_after_that(treasury: Treasury) -> None:
    account = await treasury.account()
    await treasury.earn(euros("100.00"))
    await treasury.owe(euros("70.00"))
    with pytest.raises(InsufficientAvailable):
        await treasury.create(euros("30.01"), account)
    await treasury.create(euros("30.00"), account)
    assert await treasury.balances() == (7_000, 3_000)


async def test_who_owes_us_is_paid_out_by_the_calendar_what_is_left_after_that(treasury: Treasury) -> None:
    treasury.rule = replace(treasury.rule, schedule=Daily())
    await treasury.account()
    await treasury.earn(euros("100.00"))
    await treasury.owe(euros("100.00"))
    await treasury.catch_up()
    assert await treasury.schedule.sweep() == 0
    await treasury.earn(euros("30.00"))
    assert await treasury.schedule.sweep() == 1
    assert await treasury.balances() == (10_000, 3_000)


async def test_a_balance_larger_than_any_payout_holds_up_nobody(treasury: Treasury) -> None:
    treasury.rule = replace(treasury.rule, schedule=Daily())
    rich = MerchantId("mer_aaaa")
    await treasury.account()
    await treasury.account(rich)
    await treasury.earn(euros("42.00"))
    for _ in range(2):
        await treasury.earn(Money(2**63 - 1, "EUR"), rich)
    await treasury.catch_up()
    await treasury.schedule.sweep()
    assert await treasury.balances() == (0, 4_200)


@pytest.mark.parametrize("amount", [euros("0.00"), Money(-1, "EUR"), Money(2**53 + 1, "EUR")])
async def test_nothing_less_than_nothing_and_too_much_are_refused(treasury: Treasury, amount: Money) -> None:
    with pytest.raises(AmountOutOfRange):
        await treasury.create(amount, await treasury.account())


async def test_what_the_terms_and_the_account_do_not_allow_is_refused(treasury: Treasury) -> None:
    account = await treasury.account()
    await treasury.earn(euros("100.00"))
    with pytest.raises(CurrencyMismatch):
        await treasury.create(Money(100, "USD"), account)
    treasury.rule = replace(treasury.rule, minimum_minor={"EUR": 1_000})
    with pytest.raises(PayoutBelowMinimum):
        await treasury.create(euros("9.99"), account)
    with pytest.raises(BankAccountNotFound):
        await treasury.create(euros("20.00"), account, a_caller(merchant_id=MerchantId("mer_other")))
    await treasury.accounts.remove(account, a_caller())
    with pytest.raises(BankAccountUnusable):
        await treasury.create(euros("20.00"), account)
    assert await treasury.balances() == (10_000, 0)


async def test_a_large_one_is_held_until_somebody_approves_it(treasury: Treasury) -> None:
    treasury.rule = replace(treasury.rule, hold_above_minor={"EUR": 5_000})
    payout_id = await treasury.created(euros("50.01"))
    assert await treasury.status(payout_id) == PayoutStatus.HELD
    await treasury.run_files()
    assert await treasury.batches() == []
    await treasury.payouts.approve(payout_id, ANNA)
    await treasury.payouts.approve(payout_id, ANNA)
    await treasury.run_files()
    assert await treasury.status(payout_id) == PayoutStatus.IN_TRANSIT


async def test_a_payout_can_be_canceled_until_it_is_in_a_file(treasury: Treasury) -> None:
    first = await treasury.created(euros("10.00"))
    canceled = await treasury.payouts.cancel(first, a_caller())
    again = await treasury.payouts.cancel(first, a_caller())
    assert render_payout_response(again) == render_payout_response(canceled)
    assert await treasury.balances() == (1_000, 0)
    second = await treasury.created(euros("10.00"))
    await treasury.run_files()
    with pytest.raises(PayoutNotCancelable):
        await treasury.payouts.cancel(second, a_caller())
    with pytest.raises(PayoutNotFound):
        await treasury.payouts.cancel(second, a_caller(merchant_id=MerchantId("mer_other")))


async def test_one_canceled_while_a_batch_is_made_is_in_no_batch(treasury: Treasury) -> None:
    staying, going = await treasury.created(euros("10.00")), await treasury.created(euros("20.00"))
    await treasury.catch_up()
    await treasury.payouts.cancel(going, a_caller())
    await treasury.files.run()
    [batch] = await treasury.batches()
    assert [one.payout_id for one in batch.payouts] == [staying]


async def test_two_workers_put_a_payout_into_one_batch_and_send_one_file(treasury: Treasury) -> None:
    made = [await treasury.created(euros("10.00")) for _ in range(3)]
    await treasury.catch_up()
    results = await both(treasury.files.run(), treasury.files.run(), treasury.files.run())
    assert results == [True] * 3
    [batch] = await treasury.batches()
    assert sorted(one.payout_id for one in batch.payouts) == sorted(made)
    assert list(treasury.bank.files) == [batch.message_id]


async def test_one_that_died_between_batch_and_submission_leaves_the_same_file_to_the_next(treasury: Treasury) -> None:
    payout_id = await treasury.created(euros("10.00"))
    [batch_id] = await treasury.batched()
    treasury.now += timedelta(hours=5)
    await treasury.run_files()
    [batch] = await treasury.batches()
    assert batch.batch_id == batch_id
    [(message_id, content)] = treasury.bank.submissions
    assert message_id == batch.message_id
    assert (await treasury.files.file_of(batch_id)).content == content
    assert await treasury.status(payout_id) == PayoutStatus.IN_TRANSIT


async def test_a_file_that_was_not_answered_for_goes_again_under_the_same_name(treasury: Treasury) -> None:
    await treasury.created(euros("10.00"))
    treasury.bank.loses_answers = 2
    for _ in range(4):
        await treasury.run_files()
        treasury.now += timedelta(minutes=5)
    assert len(treasury.bank.submissions) == 3
    assert len(set(treasury.bank.submissions)) == 1


async def test_no_other_file_is_ever_sent_under_a_batchs_name(treasury: Treasury) -> None:
    await treasury.created(euros("10.00"))
    [batch_id] = await treasury.batched()
    treasury.bank.debtor = replace(OURS, name="Another Name GmbH")
    with pytest.raises(FileDiffers):
        await treasury.files.send(batch_id)
    await treasury.run_files()
    assert treasury.bank.submissions == []
    treasury.bank.debtor = OURS
    await treasury.run_files()
    assert len(treasury.bank.files) == 1


async def test_the_payouts_of_a_refused_file_give_their_money_back(treasury: Treasury) -> None:
    payout_id = await treasury.created(euros("10.00"))
    treasury.bank.refuses = "the control sum is wrong\x00"
    await treasury.run_files()
    payout = (await treasury.load(payout_id)).payout
    assert isinstance(payout, Failed)
    assert (payout.code, payout.reason) == ("NARR", "the control sum is wrong ")
    [batch] = await treasury.batches()
    assert isinstance((await load_batch(treasury.store, batch.batch_id)).batch, Refused)
    assert await treasury.balances() == (1_000, 0)
    treasury.bank.refuses = None
    await treasury.run_files()
    assert treasury.bank.files == {}


async def test_a_rejected_payout_gives_its_money_back_and_says_why(treasury: Treasury) -> None:
    payout_id = await treasury.created(euros("10.00"))
    await treasury.run_files()
    await treasury.hear(payout_id, PaymentStatus.REJECTED, "AC04")
    shown = await treasury.payouts.get(payout_id, MERCHANT)
    assert isinstance(shown.payout, Failed)
    assert (shown.payout.code, shown.payout.reason) == ("AC04", "the account is closed")
    assert await treasury.balances() == (1_000, 0)


async def test_words_of_the_bank_that_no_database_keeps_do_not_stop_the_views(treasury: Treasury) -> None:
    rejected, returned = await treasury.created(euros("10.00")), await treasury.created(euros("20.00"))
    treasury.bank.reference = "BANK\x00-1"
    await treasury.run_files()
    await treasury.hear(rejected, PaymentStatus.REJECTED, "AC\x0004" * 100)
    await treasury.hear(returned, PaymentStatus.RETURNED, "MS\x0003")
    await treasury.catch_up()
    assert await treasury.status(rejected) == PayoutStatus.FAILED
    assert await treasury.status(returned) == PayoutStatus.RETURNED
    assert await treasury.balances() == (3_000, 0)


async def test_a_payment_that_comes_back_is_returned_to_the_merchant(treasury: Treasury) -> None:
    payout_id = await treasury.created(euros("10.00"))
    await treasury.run_files()
    await treasury.hear(payout_id, PaymentStatus.CONFIRMED)
    await treasury.hear(payout_id, PaymentStatus.RETURNED)
    payout = (await treasury.load(payout_id)).payout
    assert isinstance(payout, Returned)
    assert payout.code == "MS03"
    assert await treasury.balances() == (1_000, 0)


async def test_reports_that_come_twice_late_or_in_the_wrong_order_change_nothing_more(treasury: Treasury) -> None:
    payout_id = await treasury.created(euros("10.00"))
    await treasury.batched()
    # Before we know that the bank has the file, and the return before the payment.
    for status in (PaymentStatus.RETURNED, PaymentStatus.CONFIRMED, PaymentStatus.PENDING, PaymentStatus.RETURNED):
        await treasury.hear(payout_id, status)
    assert await treasury.status(payout_id) == PayoutStatus.RETURNED
    version = (await treasury.load(payout_id)).version
    for report in treasury.bank.said:
        await treasury.reports.take_in(report)
    await treasury.run_files()
    assert (await treasury.load(payout_id)).version == version
    assert await treasury.balances() == (1_000, 0)


async def test_a_report_that_contradicts_the_books_moves_no_money(treasury: Treasury) -> None:
    payout_id = await treasury.created(euros("10.00"))
    await treasury.run_files()
    await treasury.hear(payout_id, PaymentStatus.REJECTED)
    await treasury.hear(payout_id, PaymentStatus.CONFIRMED)
    treasury.bank.says("PO-not-ours", PaymentStatus.CONFIRMED)
    treasury.bank.says(f"PO-{'0' * 32}", PaymentStatus.CONFIRMED)
    await treasury.reports.listen()
    assert await treasury.status(payout_id) == PayoutStatus.FAILED
    assert await treasury.balances() == (1_000, 0)
    assert await treasury.feed.heard_up_to(treasury.bank.name) == "4"


async def test_several_listeners_take_every_report_in_once(treasury: Treasury) -> None:
    made = [await treasury.created(euros("10.00")) for _ in range(20)]
    await treasury.run_files()
    for payout_id in made:
        treasury.bank.says(end_to_end_id_for(payout_id), PaymentStatus.CONFIRMED)
    treasury.bank.page = 7
    await both(*(treasury.reports.listen() for _ in range(3)))
    await treasury.reports.listen()
    assert {await treasury.status(payout_id) for payout_id in made} == {PayoutStatus.PAID}
    assert await treasury.balances() == (0, 0)
    assert await treasury.feed.heard_up_to(treasury.bank.name) == "20"


async def test_a_silent_bank_is_asked_again_from_the_same_place(treasury: Treasury) -> None:
    payout_id = await treasury.created(euros("10.00"))
    await treasury.run_files()
    treasury.bank.is_silent = True
    await treasury.hear(payout_id, PaymentStatus.CONFIRMED)
    assert await treasury.feed.heard_up_to(treasury.bank.name) is None
    treasury.bank.is_silent = False
    await treasury.reports.listen()
    assert await treasury.status(payout_id) == PayoutStatus.PAID


async def test_two_workers_make_one_scheduled_payout_a_day_of_all_that_is_available(treasury: Treasury) -> None:
    treasury.rule = replace(treasury.rule, schedule=Daily(), minimum_minor={"EUR": 1_000})
    await treasury.account()
    await treasury.earn(euros("42.00"))
    await treasury.earn(euros("9.99"), MerchantId("mer_small"))
    await treasury.catch_up()
    assert sum(await both(*(treasury.schedule.sweep() for _ in range(4)))) == 1
    assert await treasury.balances() == (0, 4_200)
    [payout_id] = await treasury.payouts_made()
    # More comes in the same day, and waits for the next business day: Monday.
    await treasury.earn(euros("30.00"))
    assert await treasury.schedule.sweep() == 0
    treasury.now += timedelta(days=1)
    assert await treasury.schedule.sweep() == 0
    treasury.now += timedelta(days=2)
    assert await treasury.schedule.sweep() == 1
    assert await treasury.balances() == (0, 7_200)
    assert await treasury.status(payout_id) == PayoutStatus.PENDING


async def test_a_weekly_payout_waits_for_its_day_and_hour_and_for_an_account(treasury: Treasury) -> None:
    treasury.rule = replace(treasury.rule, schedule=Weekly(Weekday.FRIDAY))
    await treasury.earn(euros("42.00"))
    assert await treasury.schedule.sweep() == 0
    await treasury.account()
    await treasury.catch_up()
    for before in (timedelta(hours=1), timedelta(days=1)):
        treasury.now -= before
        assert await treasury.schedule.sweep() == 0
        treasury.now += before
    assert await treasury.schedule.sweep() == 1


async def test_what_no_file_can_carry_any_more_fails_and_holds_up_no_other(treasury: Treasury) -> None:
    fine, unfit = await treasury.created(euros("10.00")), await treasury.created(euros("20.00"))
    written = treasury.bank.fault_of

    def fault_of(amount: Money, details: object) -> InstructionInvalid | None:
        if amount == euros("20.00"):
            return InstructionInvalid(end_to_end_id="", reason="not today")
        return written(amount, details)  # type: ignore[arg-type, return-value]

    treasury.bank.fault_of = fault_of  # type: ignore[method-assign]
    await treasury.run_files()
    assert await treasury.status(fine) == PayoutStatus.IN_TRANSIT
    assert await treasury.status(unfit) == PayoutStatus.FAILED
    assert await treasury.balances() == (2_000, 1_000)


async def test_one_that_makes_every_file_invalid_holds_up_no_other(treasury: Treasury) -> None:
    payouts = [await treasury.created(euros(f"{number}.00")) for number in range(1, 6)]
    written = treasury.bank.instruct

    def instruct(batch: Batch) -> BankFile:
        if any(one.amount == euros("2.00") for one in batch.instructions):
            raise InstructionInvalid(end_to_end_id="", reason="the file would not be valid")
        return written(batch)

    treasury.bank.instruct = instruct  # type: ignore[method-assign]
    await treasury.run_files()
    unfit = payouts.pop(1)
    assert {await treasury.status(one) for one in payouts} == {PayoutStatus.IN_TRANSIT}
    assert await treasury.status(unfit) == PayoutStatus.PENDING


async def test_an_answer_shows_the_payout_as_it_was_created(treasury: Treasury) -> None:
    await treasury.earn(euros("10.00"))
    account = await treasury.account()
    body = body_of(await treasury.create(euros("10.00"), account, description="November"))
    assert (body["status"], body["amount"], body["currency"]) == ("pending", 1_000, "EUR")
    assert (body["trigger"], body["description"], body["failure"]) == ("requested", "November", None)


async def test_a_weekly_payout_is_made_up_for_once_when_workers_slept_through_its_day(treasury: Treasury) -> None:
    """It is Friday, half past twelve in Berlin."""
    treasury.rule = replace(treasury.rule, schedule=Weekly(Weekday.MONDAY), minimum_minor={"EUR": 1_000})
    await treasury.account()
    await treasury.earn(euros("42.00"))
    await treasury.catch_up()
    assert await treasury.schedule.sweep() == 0
    treasury.now += timedelta(days=5)  # Wednesday
    assert sum(await both(*(treasury.schedule.sweep() for _ in range(4)))) == 1
    assert await treasury.balances() == (0, 4_200)
    # What comes after that waits for Monday, as it always did.
    await treasury.earn(euros("30.00"))
    assert await treasury.schedule.sweep() == 0
    treasury.now += timedelta(days=1)
    assert await treasury.schedule.sweep() == 0
    treasury.now += timedelta(days=4)
    assert await treasury.schedule.sweep() == 1
    assert await treasury.balances() == (0, 7_200)


async def test_a_week_in_which_there_was_nothing_to_pay_is_not_made_up_for(treasury: Treasury) -> None:
    treasury.rule = replace(treasury.rule, schedule=Weekly(Weekday.FRIDAY), minimum_minor={"EUR": 1_000})
    await treasury.account()
    await treasury.catch_up()
    assert await treasury.schedule.sweep() == 0
    treasury.now += timedelta(days=1)
    await treasury.earn(euros("42.00"))
    assert await treasury.schedule.sweep() == 0
