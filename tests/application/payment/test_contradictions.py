"""An answer to an operation that has ended otherwise changes nothing; it is recorded, and an operator is told."""

from collections.abc import AsyncIterator, Callable

import pytest

from application.dead_letter.commands import DeadLetters
from application.payment.loaded import load
from application.payment.operation_queue import UnresolvedOperation
from application.write.store import Append, Appended
from domain.dead_letter.events import DeadLetterRecorded
from domain.history import Cause
from domain.identifiers import PaymentId, ProviderName
from domain.payment.events import ContradictionReported, OperationKind
from domain.payment.outcome import Approved, Declined
from domain.payment.state import Failed, Processing
from tests.application.shop import Shop, a_caller, body_of, payment_id_of
from tests.support.routing import TRY_AGAIN
from tests.support.store import everything, open_store

NORTH, SOUTH = ProviderName("north"), ProviderName("south")
OPERATOR = Cause(actor="operator:anna", request_id="req_1", trace_id="0" * 32)
SOFT = Declined(TRY_AGAIN, "Later.")


@pytest.fixture
async def two(database_url: str) -> AsyncIterator[Shop]:
    async with open_store(database_url) as store:
        opened = Shop(store, NORTH, SOUTH)
        yield opened
        await opened.payments.aclose()
        await opened.recovery.aclose()


async def test_a_charge_that_is_made_after_an_operator_said_declined_is_not_passed_over(two: Shop) -> None:
    async def an_operator_declines() -> None:
        [operation] = await two.queue.unresolved(claimed_before=two.recovery._now())
        loaded = await load(two.store, operation.payment_id)
        assert isinstance(loaded.payment, Processing)
        await two.operations.record(loaded, operation.operation_id, SOFT, OPERATOR, final=True)

    two.provider.before_answer = an_operator_declines
    payment_id = payment_id_of(await two.create())
    assert isinstance(await two.payment(payment_id), Failed)
    assert (await two.events(payment_id))[-1] == "payment.contradiction_reported.v1"
    [letter] = two.letters.told
    assert (letter.payment_id, letter.provider) == (payment_id, NORTH)
    assert two.providers[SOUTH].charges == 0, "an operator's word rules out no charge"


async def charged_after_declined(two: Shop, *, before_the_report: Callable[[UnresolvedOperation], object]) -> PaymentId:
    """A payment whose provider charged what an operator has declined; dead letters go to the store."""
    letters = DeadLetters(store=two.store, retriers={}, now=two.clock)
    two.operations._outcomes._contradictions._letters = letters

    async def an_operator_declines() -> None:
        [operation] = await two.queue.unresolved(claimed_before=two.recovery._now())
        loaded = await load(two.store, operation.payment_id)
        await two.operations.record(loaded, operation.operation_id, SOFT, OPERATOR, final=True)
        # The next append is that of the provider's answer, which conflicts with the decline.
        two.flaky.before_append = [lambda: None, lambda: before_the_report(operation)]

    two.provider.before_answer = an_operator_declines
    return payment_id_of(await two.create())


async def dead_letters(two: Shop) -> list[DeadLetterRecorded]:
    data = [each.event.data for each in await everything(two.store)]
    return [each for each in data if isinstance(each, DeadLetterRecorded)]


async def test_a_contradiction_is_recorded_with_its_letter_although_another_command_was_first(two: Shop) -> None:
    def another_is_first(_: UnresolvedOperation) -> None:
        two.flaky.conflicts = 1

    payment_id = await charged_after_declined(two, before_the_report=another_is_first)
    assert (await two.events(payment_id)).count("payment.contradiction_reported.v1") == 1
    [letter] = await dead_letters(two)
    assert (letter.payment_id, letter.provider) == (payment_id, NORTH)


async def test_no_letter_is_written_of_a_contradiction_that_was_not_recorded(two: Shop) -> None:
    async def another_reports_the_same(operation: UnresolvedOperation) -> None:
        reported = ContradictionReported(
            operation_id=operation.operation_id,
            operation=OperationKind.AUTHORIZE,
            provider=NORTH,
            recorded="failed",
            reported=Approved("its-charge"),
        )
        loaded = await load(two.store, operation.payment_id)
        recorded = loaded.record((reported,), cause=OPERATOR, now=two.now)
        assert isinstance(await two.store.append(Append(events=recorded)), Appended)

    payment_id = await charged_after_declined(two, before_the_report=another_reports_the_same)
    assert (await two.events(payment_id)).count("payment.contradiction_reported.v1") == 1
    assert await dead_letters(two) == []


async def test_an_answer_that_says_what_is_known_is_no_contradiction(two: Shop) -> None:
    async def somebody_was_first() -> None:
        await two.settle_down()

    two.provider.before_answer = somebody_was_first
    payment_id = payment_id_of(await two.create())
    assert "payment.contradiction_reported.v1" not in await two.events(payment_id)
    assert two.letters.told == []


async def test_an_answer_to_an_attempt_that_another_has_followed_is_told_that_one_is_pending(two: Shop) -> None:
    """The first provider's webhook was quicker than its answer, and the second provider is not heard from."""
    two.provider.refusal = SOFT
    two.providers[SOUTH].loses_answers = True

    async def its_webhook_comes_first() -> None:
        [operation] = await two.queue.unresolved(claimed_before=two.recovery._now())
        loaded = await load(two.store, operation.payment_id)
        await two.operations.record(loaded, operation.operation_id, SOFT, OPERATOR)

    two.provider.before_answer = its_webhook_comes_first
    answered = await two.create(caller=a_caller("once"))
    assert body_of(answered)["status"] == "processing"
    operation = body_of(answered)["operation"]
    assert isinstance(operation, dict)
    assert (operation["status"], operation["failure"]) == ("pending", None)
    two.providers[SOUTH].loses_answers = False
    await two.settle_down()
    assert (await two.create(caller=a_caller("once"))).body == answered.body
    assert [each.charges for each in two.providers.values()] == [0, 1]
