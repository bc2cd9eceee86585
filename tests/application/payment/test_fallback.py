"""A payment goes on to the next provider after what certainly was no charge, in one request, and never otherwise."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from application.payment.in_doubt import Doubts
from application.provider.port import AuthorizeRequest
from domain.identifiers import PaymentId
from domain.payment.outcome import Declined, Rejected
from domain.payment.state import Authorized, Failed, Processing
from tests.application.shop import Shop, a_caller, body_of, payment_id_of
from tests.support.provider import Fate
from tests.support.routing import NORTH, SOUTH, TRY_AGAIN, WEST
from tests.support.store import CAUSE, open_store

SOFT, HARD = Declined(TRY_AGAIN, "Later."), Declined("insufficient_funds", "No money.")


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    async with open_store(database_url) as store:
        opened = Shop(store, NORTH, SOUTH, WEST)
        yield opened
        await opened.payments.aclose()
        await opened.recovery.aclose()


def attempts(shop: Shop) -> list[int]:
    """How many authorisations each provider was asked for."""
    return [sum(isinstance(asked, AuthorizeRequest) for asked in each.asked) for each in shop.providers.values()]


def charges(shop: Shop) -> list[int]:
    return [each.charges for each in shop.providers.values()]


async def test_a_soft_decline_goes_on_to_the_next_provider_in_the_same_request(shop: Shop) -> None:
    shop.providers[NORTH].refusal = SOFT
    answered = await shop.create()
    assert body_of(answered)["status"] == "authorized"
    assert await shop.events(payment_id_of(answered)) == [
        "payment.created.v2",
        "payment.routed.v1",
        "payment.attempt_started.v1",
        "payment.attempt_failed.v1",
        "payment.routed.v1",
        "payment.attempt_started.v1",
        "payment.authorized.v1",
    ]
    assert charges(shop) == [0, 1, 0]
    assert await shop.unresolved() == 0


async def test_a_provider_out_of_reach_is_passed_over(shop: Shop) -> None:
    shop.providers[NORTH].unreachable = shop.providers[SOUTH].unreachable = True
    payment = await shop.payment(await shop.authorized())
    assert isinstance(payment, Authorized)
    assert payment.authorization.provider == WEST


async def test_a_hard_decline_is_final(shop: Shop) -> None:
    shop.providers[NORTH].refusal = HARD
    answered = await shop.create()
    assert body_of(answered)["status"] == "failed"
    assert attempts(shop) == [1, 0, 0]


async def test_a_rejection_is_final(shop: Shop) -> None:
    shop.providers[NORTH].refusal = Rejected("bad_request", "Our fault.")
    assert body_of(await shop.create())["status"] == "failed"
    assert attempts(shop) == [1, 0, 0]


async def test_when_nobody_is_left_the_last_refusal_is_the_answer(shop: Shop) -> None:
    for provider in shop.providers.values():
        provider.refusal = SOFT
    body = body_of(await shop.create())
    assert body["status"] == "failed"
    assert body["failure"] == {"code": SOFT.code, "message": SOFT.message}
    assert attempts(shop) == [1, 1, 1]
    assert await shop.unresolved() == 0


async def test_without_any_provider_the_payment_fails_and_the_answer_stays(shop: Shop) -> None:
    shop.routing.open_circuits = (NORTH, SOUTH, WEST)
    caller = a_caller("once")
    answered = await shop.create(caller=caller)
    assert body_of(answered)["failure"] == {"code": "no_provider_available", "message": "no provider is left"}
    shop.routing.open_circuits = ()
    again = await shop.create(caller=caller)
    assert (again.body, again.replayed) == (answered.body, True)
    assert attempts(shop) == [0, 0, 0]


async def test_an_open_circuit_is_gone_around(shop: Shop) -> None:
    shop.routing.open_circuits = (NORTH,)
    await shop.authorized()
    assert attempts(shop) == [0, 1, 0]


async def test_an_unknown_outcome_blocks_every_other_attempt(shop: Shop) -> None:
    shop.providers[NORTH].loses_answers = True
    answered = await shop.create()
    assert body_of(answered)["status"] == "processing"
    for _ in range(3):
        await shop.recovery.sweep(older_than_s=0)
    assert isinstance(await shop.payment(payment_id_of(answered)), Processing)
    assert attempts(shop)[1:] == [0, 0]
    shop.providers[NORTH].loses_answers = False
    await shop.settle_down()
    assert charges(shop) == [1, 0, 0]


async def test_an_unknown_outcome_that_turns_out_a_soft_decline_goes_on_while_there_is_time(shop: Shop) -> None:
    payment_id = await _unknown_and_softly_declined(shop)
    await shop.settle_down()
    payment = await shop.payment(payment_id)
    assert isinstance(payment, Authorized)
    assert payment.authorization.provider == SOUTH


async def test_and_ends_when_its_time_is_over(shop: Shop) -> None:
    payment_id = await _unknown_and_softly_declined(shop)
    shop.now += timedelta(seconds=31)
    await shop.settle_down()
    assert isinstance(await shop.payment(payment_id), Failed)
    assert charges(shop) == [0, 0, 0]


async def test_a_second_attempt_that_is_lost_is_brought_home_by_recovery(shop: Shop) -> None:
    shop.providers[NORTH].refusal = SOFT
    shop.providers[SOUTH].fates.append(Fate.ANSWER_LOST)
    answered = await shop.create()
    assert body_of(answered)["status"] == "processing"
    await shop.settle_down()
    payment = await shop.payment(payment_id_of(answered))
    assert isinstance(payment, Authorized)
    assert payment.authorization.provider == SOUTH
    assert charges(shop) == [0, 1, 0]


async def test_a_process_that_dies_between_two_attempts_leaves_the_second_to_recovery(shop: Shop) -> None:
    shop.providers[NORTH].refusal = SOFT

    async def die() -> None:
        shop.flaky.fail_after = 1

    shop.providers[NORTH].before_answer = die
    with pytest.raises(Exception, match="after"):
        await shop.create(caller=a_caller("once"))
    await shop.settle_down()
    again = await shop.create(caller=a_caller("once"))
    assert body_of(again)["status"] == "authorized"
    assert charges(shop) == [0, 1, 0]


async def _unknown_and_softly_declined(shop: Shop) -> PaymentId:
    shop.providers[NORTH].refusal = SOFT
    shop.providers[NORTH].fates.append(Fate.ANSWER_LOST)
    return payment_id_of(await shop.create())


async def test_an_operators_word_that_one_provider_declined_sends_the_payment_to_no_other(shop: Shop) -> None:
    shop.providers[NORTH].fates.append(Fate.ANSWER_LOST)
    payment_id = payment_id_of(await shop.create())
    doubts = Doubts(store=shop.store, queue=shop.queue, operations=shop.operations, answers_within_s=0, lease_s=30)
    loaded = await doubts.settle(payment_id, SOFT, CAUSE, now=shop.now)
    assert isinstance(loaded.payment, Failed)
    assert attempts(shop) == [1, 0, 0]
