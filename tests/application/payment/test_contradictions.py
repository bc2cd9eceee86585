"""An answer to an operation that has ended otherwise changes nothing; it is recorded, and an operator is told."""

from collections.abc import AsyncIterator

import pytest

from application.payment.loaded import load
from domain.history import Cause
from domain.identifiers import ProviderName
from domain.payment.outcome import Declined
from domain.payment.state import Failed, Processing
from tests.application.shop import Shop, a_caller, body_of, payment_id_of
from tests.support.routing import TRY_AGAIN
from tests.support.store import open_store

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
