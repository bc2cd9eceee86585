"""Commands on payments: one effect and one answer each, whatever happens at the same moment."""

import asyncio
from uuid import uuid4

import pytest

from application.payment.loaded import PaymentNotFound
from application.write import idempotency
from application.write.append import CONFLICTS_MAX, TooManyConflicts
from application.write.idempotency import IdempotencyKeyInFlight, IdempotencyKeyReused
from application.write.store import StoreUnavailable
from domain.identifiers import PaymentId
from domain.payment.capture import CaptureExceedsAuthorized
from domain.payment.events import CaptureMethod
from domain.payment.refusals import IllegalTransition, OperationInProgress
from domain.payment.state import Authorized, Captured, Created, PartiallyCaptured, Voided
from tests.application.shop import Shop, a_caller, body_of, payment_id_of, somebody_else
from tests.support.provider import DECLINING
from tests.support.store import until


async def test_a_payment_goes_the_whole_way(shop: Shop) -> None:
    payment_id = payment_id_of(await shop.create(confirmed=False))
    assert isinstance(await shop.payment(payment_id), Created)
    confirmed = await shop.payments.confirm(payment_id, a_caller())
    assert body_of(confirmed)["status"] == "authorized"
    part = await shop.payments.capture(payment_id, a_caller(), amount_minor=4000, final=False)
    assert body_of(part)["status"] == "partially_captured"
    await shop.payments.capture(payment_id, a_caller(), amount_minor=None, final=True)
    await shop.payments.refund(payment_id, a_caller(), amount_minor=3000, reason="requested_by_customer")
    payment = await shop.payment(payment_id)
    assert isinstance(payment, Captured)
    assert (payment.taken.captured.minor, payment.taken.refunded.minor) == (10000, 3000)
    assert await shop.unresolved() == 0
    await shop.assert_books_hold()


async def test_intent_is_durable_before_the_provider_is_asked(shop: Shop) -> None:
    seen: list[list[str]] = []

    async def look() -> None:
        [operation] = await shop.queue.unresolved(claimed_before=shop.recovery._now())
        seen.append(await shop.events(operation.payment_id))

    shop.provider.before_answer = look
    await shop.create()
    assert seen == [["payment.created.v2", "payment.routed.v1", "payment.attempt_started.v1"]]


async def test_an_answer_carries_the_position_of_its_last_event(shop: Shop) -> None:
    answered = await shop.create(method=CaptureMethod.AUTOMATIC)
    assert answered.position == await shop.store.head()


async def test_the_same_key_a_crowd_at_once_is_one_payment_and_one_charge(shop: Shop) -> None:
    answers = await asyncio.gather(*(shop.create(caller=a_caller("key")) for _ in range(50)))
    assert len({(answered.status, answered.body, answered.position) for answered in answers}) == 1
    assert [answered.replayed for answered in answers].count(False) == 1
    assert len(shop.provider.asked) == 1
    assert await shop.events(payment_id_of(answers[0])) == [
        "payment.created.v2",
        "payment.routed.v1",
        "payment.attempt_started.v1",
        "payment.authorized.v1",
    ]
    await shop.assert_books_hold()


@pytest.mark.parametrize("confirmed", [True, False])
async def test_a_repeat_is_told_the_same_byte_for_byte(shop: Shop, confirmed: bool) -> None:
    first = await shop.create(caller=a_caller("key"), confirmed=confirmed)
    await shop.settle_down()
    again = await shop.create(caller=a_caller("key"), confirmed=confirmed)
    assert (again.status, again.body, again.position) == (first.status, first.body, first.position)
    assert again.replayed
    assert not first.replayed


async def test_a_repeated_capture_is_told_the_same_although_it_is_no_longer_allowed(shop: Shop) -> None:
    payment_id = await shop.captured_by("key")
    again = await shop.payments.capture(payment_id, a_caller("key"), amount_minor=None, final=True)
    assert again.replayed
    with pytest.raises(IllegalTransition):
        await shop.payments.capture(payment_id, a_caller("another key"), amount_minor=None, final=True)


async def test_a_key_with_another_request_is_refused(shop: Shop) -> None:
    await shop.create(caller=a_caller("key", request=b"one"))
    with pytest.raises(IdempotencyKeyReused):
        await shop.create(caller=a_caller("key", request=b"two"))
    assert len(shop.provider.asked) == 1


async def test_a_refused_command_leaves_no_event_and_does_not_use_up_its_key(shop: Shop) -> None:
    payment_id = await shop.authorized()
    before = await shop.store.head()
    with pytest.raises(CaptureExceedsAuthorized):
        await shop.payments.capture(payment_id, a_caller("key"), amount_minor=10001, final=True)
    assert await shop.store.head() == before
    answered = await shop.payments.capture(payment_id, a_caller("key"), amount_minor=10000, final=True)
    assert not answered.replayed


async def test_a_decline_is_an_answer_like_any_other(shop: Shop) -> None:
    first = await shop.create(token=DECLINING, caller=a_caller("key"))
    assert body_of(first)["status"] == "failed"
    assert (await shop.create(token=DECLINING, caller=a_caller("key"))).body == first.body
    assert len(shop.provider.asked) == 1


async def test_a_repeat_waits_for_the_first_ones_answer(shop: Shop) -> None:
    go_on = asyncio.Event()

    async def wait() -> None:
        await go_on.wait()

    shop.provider.before_answer = wait
    first = asyncio.create_task(shop.create(caller=a_caller("key")))

    async def asked() -> bool:
        return len(shop.provider.asked) == 1

    await until(asked, "the provider is asked")
    second = asyncio.create_task(shop.create(caller=a_caller("key")))
    await asyncio.sleep(0.05)
    assert not second.done()
    go_on.set()
    assert (await second).body == (await first).body
    assert (await second).replayed


async def test_a_repeat_that_waits_too_long_is_told_to_come_back(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "IN_FLIGHT_WAIT_S", 0.05)
    go_on = asyncio.Event()

    async def wait() -> None:
        await go_on.wait()

    shop.provider.before_answer = wait
    first = asyncio.create_task(shop.create(caller=a_caller("key")))

    async def asked() -> bool:
        return len(shop.provider.asked) == 1

    await until(asked, "the provider is asked")
    with pytest.raises(IdempotencyKeyInFlight):
        await shop.create(caller=a_caller("key"))
    go_on.set()
    await first


async def test_a_merchant_that_hangs_up_changes_nothing(shop: Shop) -> None:
    hung_up = asyncio.Event()

    async def wait() -> None:
        await hung_up.wait()

    shop.provider.before_answer = wait
    request = asyncio.create_task(shop.create(caller=a_caller("key")))

    async def asked() -> bool:
        return len(shop.provider.asked) == 1

    await until(asked, "the provider is asked")
    request.cancel()
    hung_up.set()
    await asyncio.gather(request, return_exceptions=True)
    again = await shop.create(caller=a_caller("key"))
    assert body_of(again)["status"] == "authorized"
    assert len(shop.provider.asked) == 1


async def test_another_merchants_payment_looks_like_none_at_all(shop: Shop) -> None:
    with pytest.raises(PaymentNotFound) as another_ones:
        await shop.payments.void(await shop.authorized(), somebody_else())
    with pytest.raises(PaymentNotFound) as nobodys:
        await shop.payments.void(PaymentId(uuid4()), a_caller())
    assert str(another_ones.value) == str(nobodys.value)


async def test_of_two_captures_at_once_one_is_taken_and_the_other_decided_anew(shop: Shop) -> None:
    payment_id = await shop.authorized()
    results = await asyncio.gather(
        *(shop.payments.capture(payment_id, a_caller(), amount_minor=6000, final=True) for _ in range(2)),
        return_exceptions=True,
    )
    [refusal] = [result for result in results if isinstance(result, BaseException)]
    assert isinstance(refusal, OperationInProgress | IllegalTransition)
    assert shop.provider.taken_minor == 6000
    await shop.assert_books_hold()


async def test_a_version_conflict_is_decided_anew_on_what_is_there_now(shop: Shop) -> None:
    payment_id = await shop.authorized()

    async def capture_first() -> None:
        await shop.payments.capture(payment_id, a_caller(), amount_minor=4000, final=False)

    shop.flaky.before_append = [capture_first]
    await shop.payments.capture(payment_id, a_caller(), amount_minor=None, final=True)
    payment = await shop.payment(payment_id)
    assert isinstance(payment, Captured)
    assert [capture.amount.minor for capture in payment.taken.captures] == [4000, 6000]


async def test_conflicts_without_end_are_given_up_and_nothing_is_done(shop: Shop) -> None:
    payment_id = await shop.authorized()
    shop.flaky.conflicts = CONFLICTS_MAX
    with pytest.raises(TooManyConflicts):
        await shop.payments.void(payment_id, a_caller("key"))
    assert await shop.unresolved() == 0
    await shop.payments.void(payment_id, a_caller("key"))
    assert isinstance(await shop.payment(payment_id), Voided)


async def test_an_outcome_that_meets_conflicts_without_end_is_brought_home_by_recovery(shop: Shop) -> None:
    async def begin() -> None:
        shop.flaky.conflicts = CONFLICTS_MAX

    payment_id = await shop.authorized()
    shop.provider.before_answer = begin
    with pytest.raises(TooManyConflicts):
        await shop.payments.void(payment_id, a_caller("key"))
    await shop.settle_down()
    assert isinstance(await shop.payment(payment_id), Voided)
    assert (await shop.payments.void(payment_id, a_caller("key"))).replayed


async def test_a_store_that_fails_before_the_intent_leaves_nothing(shop: Shop) -> None:
    payment_id = await shop.authorized()
    head, asked = await shop.store.head(), len(shop.provider.asked)
    shop.flaky.fail_before = 1
    with pytest.raises(StoreUnavailable):
        await shop.payments.void(payment_id, a_caller("key"))
    assert (await shop.store.head(), len(shop.provider.asked)) == (head, asked)
    await shop.payments.void(payment_id, a_caller("key"))
    assert isinstance(await shop.payment(payment_id), Voided)


async def test_an_intent_whose_append_was_not_answered_is_carried_out_by_recovery(shop: Shop) -> None:
    """The store took it and the answer was lost: the merchant repeats under its key, and one charge is made."""
    shop.flaky.fail_after = 1
    with pytest.raises(StoreUnavailable):
        await shop.create(caller=a_caller("key"))
    assert shop.provider.asked == []
    assert await shop.unresolved() == 1
    await shop.settle_down()
    again = await shop.create(caller=a_caller("key"))
    assert again.replayed
    assert isinstance(await shop.payment(payment_id_of(again)), Authorized)
    assert shop.provider.effects == 1
    await shop.assert_books_hold()


async def test_several_partial_captures_each_leave_the_rest(shop: Shop) -> None:
    payment_id = await shop.authorized()
    for _ in range(3):
        await shop.payments.capture(payment_id, a_caller(), amount_minor=1000, final=False)
    payment = await shop.payment(payment_id)
    assert isinstance(payment, PartiallyCaptured)
    assert payment.capturable.minor == 7000
    await shop.assert_books_hold()


async def test_at_a_provider_that_takes_one_capture_every_capture_is_final(shop: Shop) -> None:
    shop.provider.several_captures = False
    payment_id = await shop.authorized()
    await shop.payments.capture(payment_id, a_caller(), amount_minor=4_000, final=False)
    assert isinstance(await shop.payment(payment_id), Captured)
    await shop.assert_books_hold()
