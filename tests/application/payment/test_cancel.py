"""A merchant cancels before any money is reserved: whatever the customer does meanwhile, nobody is charged after it."""

import asyncio

import pytest

from application.payment.cancellation import CancellationRefused, CancellationUnanswered
from application.payment.loaded import PaymentNotFound, load
from application.provider.port import ProviderRequest, VoidRequest
from application.write.idempotency import IdempotencyKeyReused
from domain.payment.events import CaptureMethod
from domain.payment.outcome import Approved, Declined, Outcome
from domain.payment.refusals import IllegalTransition, OperationInProgress
from domain.payment.state import Authorized, Canceled, Captured, Created, Failed, Processing, RequiresAction, Voided
from tests.application.shop import Shop, a_caller, body_of, payment_id_of, somebody_else
from tests.support.provider import ACTING, TIMING_OUT, Fate
from tests.support.store import CAUSE


async def test_what_was_sent_nowhere_is_canceled_and_no_provider_hears_of_it(shop: Shop) -> None:
    payment_id = payment_id_of(await shop.create(confirmed=False))
    answer = await shop.payments.cancel(payment_id, a_caller("cancel"), reason="out of stock")
    said = body_of(answer)
    assert (answer.status, said["status"], said["cancellation_reason"]) == (200, "canceled", "out of stock")
    assert shop.provider.asked == []
    again = await shop.payments.cancel(payment_id, a_caller("cancel"), reason="out of stock")
    assert (again.body, again.replayed) == (answer.body, True)
    with pytest.raises(IllegalTransition):
        await shop.payments.confirm(payment_id, a_caller())


async def test_the_provider_cancels_first_and_the_customer_can_no_longer_pay(shop: Shop) -> None:
    payment_id = payment_id_of(await shop.create(token=ACTING))
    answer = await shop.payments.cancel(payment_id, a_caller("cancel"), reason=None)
    assert body_of(answer)["status"] == "canceled"
    assert await shop.events(payment_id) == [
        "payment.created.v2",
        "payment.routed.v1",
        "payment.attempt_started.v1",
        "payment.action_required.v2",
        "payment.attempt_failed.v1",
        "payment.canceled.v1",
    ]
    shop.provider.customers_act()
    assert shop.provider.charges == 0
    for key in ("cancel", "another"):
        again = await shop.payments.cancel(payment_id, a_caller(key), reason=None)
        assert (again.status, body_of(again)["status"]) == (200, "canceled")
    assert await shop.unresolved() == 0


@pytest.mark.parametrize(("method", "stage"), [(CaptureMethod.MANUAL, Authorized), (CaptureMethod.AUTOMATIC, Captured)])
async def test_a_customer_who_was_faster_has_paid(shop: Shop, method: CaptureMethod, stage: type[object]) -> None:
    """Before anybody here has heard of it."""
    payment_id = payment_id_of(await shop.create(token=ACTING, method=method))
    shop.provider.customers_act()
    with pytest.raises(IllegalTransition) as refused:
        await shop.payments.cancel(payment_id, a_caller("cancel"), reason=None)
    assert refused.value.verb == "cancel"
    assert isinstance(await shop.payment(payment_id), stage)
    assert (await shop.store.claim_by_key(a_caller().merchant_id, "cancel")) is None
    await shop.assert_books_hold()


async def test_a_customer_who_refused_first_has_ended_it(shop: Shop) -> None:
    payment_id = payment_id_of(await shop.create(token=ACTING))
    shop.provider.customers_refuse()
    with pytest.raises(IllegalTransition):
        await shop.payments.cancel(payment_id, a_caller(), reason=None)
    assert isinstance(await shop.payment(payment_id), Failed)


async def test_a_customer_who_pays_between_the_look_and_the_cancellation_has_paid(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_id = payment_id_of(await shop.create(token=ACTING, method=CaptureMethod.AUTOMATIC))
    look = shop.provider.lookup

    async def look_a_moment_too_early(request: ProviderRequest) -> Outcome | None:
        seen = await look(request)
        shop.provider.customers_act()
        return seen

    monkeypatch.setattr(shop.provider, "lookup", look_a_moment_too_early)
    with pytest.raises(IllegalTransition):
        await shop.payments.cancel(payment_id, a_caller(), reason=None)
    assert isinstance(await shop.payment(payment_id), Captured)
    await shop.assert_books_hold()


@pytest.mark.parametrize("told", [True, False], ids=["and it is heard", "and it is not"])
async def test_what_the_customer_authorised_while_it_was_canceled_is_released(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, told: bool
) -> None:
    payment_id = payment_id_of(await shop.create(token=ACTING))
    cancel = shop.provider.void

    async def while_the_customer_acts(request: VoidRequest) -> Outcome:
        shop.provider.customers_act()
        loaded = await load(shop.store, payment_id)
        if told and isinstance(loaded.payment, RequiresAction):
            approved = Approved(loaded.payment.reference)
            await shop.operations.record(loaded, loaded.payment.attempt.attempt_id, approved, CAUSE)
        return await cancel(request)

    monkeypatch.setattr(shop.provider, "void", while_the_customer_acts)
    answer = await shop.payments.cancel(payment_id, a_caller("cancel"), reason=None)
    assert body_of(answer)["status"] == ("voided" if told else "canceled")
    assert isinstance(await shop.payment(payment_id), Voided if told else Canceled)
    assert all(charge.reserved.minor == 0 for charge in shop.provider._charges.values())
    again = await shop.payments.cancel(payment_id, a_caller("cancel"), reason=None)
    assert (again.body, again.replayed) == (answer.body, True)
    assert await shop.unresolved() == 0
    await shop.assert_books_hold()


async def test_the_providers_own_notice_of_the_cancellation_may_come_first(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_id = payment_id_of(await shop.create(token=ACTING))
    cancel = shop.provider.void

    async def and_tells(request: VoidRequest) -> Outcome:
        outcome = await cancel(request)
        loaded = await load(shop.store, payment_id)
        assert isinstance(loaded.payment, RequiresAction)
        said = Declined("canceled", "The provider canceled it.")
        await shop.operations.record(loaded, loaded.payment.attempt.attempt_id, said, CAUSE)
        return outcome

    monkeypatch.setattr(shop.provider, "void", and_tells)
    answer = await shop.payments.cancel(payment_id, a_caller("cancel"), reason="mine")
    assert (answer.status, body_of(answer)["status"]) == (200, "canceled")
    assert (await shop.events(payment_id)).count("payment.canceled.v1") == 1


@pytest.mark.parametrize("obstacle", ["loses_answers", "unreachable"])
async def test_nothing_is_said_to_be_canceled_while_the_provider_does_not_answer(shop: Shop, obstacle: str) -> None:
    payment_id = payment_id_of(await shop.create(token=ACTING))
    setattr(shop.provider, obstacle, True)
    with pytest.raises(CancellationUnanswered):
        await shop.payments.cancel(payment_id, a_caller("cancel"), reason=None)
    assert isinstance(await shop.payment(payment_id), RequiresAction)
    setattr(shop.provider, obstacle, False)
    answer = await shop.payments.cancel(payment_id, a_caller("cancel"), reason=None)
    assert body_of(answer)["status"] == "canceled"
    shop.provider.customers_act()
    assert shop.provider.charges == 0


async def test_a_cancellation_whose_answer_is_lost_is_found_when_it_is_asked_for_again(shop: Shop) -> None:
    payment_id = payment_id_of(await shop.create(token=ACTING))
    shop.provider.fates.append(Fate.ANSWER_LOST)
    with pytest.raises(CancellationUnanswered):
        await shop.payments.cancel(payment_id, a_caller("cancel"), reason="out of stock")
    said = body_of(await shop.payments.cancel(payment_id, a_caller("cancel"), reason="out of stock"))
    assert (said["status"], said["cancellation_reason"]) == ("canceled", "out of stock")
    assert shop.provider.effects == 2


async def test_a_provider_that_holds_on_leaves_it_to_the_customer(shop: Shop) -> None:
    payment_id = payment_id_of(await shop.create(token=ACTING))
    shop.provider.holds_on = True
    with pytest.raises(CancellationRefused):
        await shop.payments.cancel(payment_id, a_caller("cancel"), reason=None)
    assert isinstance(await shop.payment(payment_id), RequiresAction)
    shop.provider.holds_on = False
    assert body_of(await shop.payments.cancel(payment_id, a_caller("cancel"), reason=None))["status"] == "canceled"


async def test_what_is_at_the_provider_is_not_canceled(shop: Shop) -> None:
    payment_id = payment_id_of(await shop.create(token=TIMING_OUT))
    assert isinstance(await shop.payment(payment_id), Processing)
    with pytest.raises(OperationInProgress):
        await shop.payments.cancel(payment_id, a_caller("cancel"), reason=None)


@pytest.mark.parametrize("token", ["tok_visa", ACTING])
async def test_many_cancellations_at_once_have_one_effect(shop: Shop, token: str) -> None:
    payment_id = payment_id_of(await shop.create(token=token, confirmed=token == ACTING))
    keys = [f"key-{number % 4}" for number in range(12)]
    answers = await asyncio.gather(*(shop.payments.cancel(payment_id, a_caller(key), reason=None) for key in keys))
    assert {body_of(answer)["status"] for answer in answers} == {"canceled"}
    by_key = {key: {answer.body for k, answer in zip(keys, answers, strict=True) if k == key} for key in keys}
    assert all(len(bodies) == 1 for bodies in by_key.values())
    assert (await shop.events(payment_id)).count("payment.canceled.v1") == 1


async def test_cancel_and_confirm_at_once_charge_nobody_who_was_told_it_is_canceled(shop: Shop) -> None:
    for _ in range(8):
        payment_id = payment_id_of(await shop.create(confirmed=False))
        cancellation, _ = await asyncio.gather(
            shop.payments.cancel(payment_id, a_caller(), reason=None),
            shop.payments.confirm(payment_id, a_caller()),
            return_exceptions=True,
        )
        stage = await shop.payment(payment_id)
        assert isinstance(stage, Canceled) is not isinstance(cancellation, Exception)
        assert isinstance(stage, Canceled | Authorized)
    await shop.assert_books_hold()


async def test_a_key_belongs_to_one_request_before_any_provider_is_asked(shop: Shop) -> None:
    first = payment_id_of(await shop.create(confirmed=False, caller=a_caller("taken")))
    payment_id = payment_id_of(await shop.create(token=ACTING))
    with pytest.raises(IdempotencyKeyReused):
        await shop.payments.cancel(payment_id, a_caller("taken", request=b"another"), reason=None)
    with pytest.raises(PaymentNotFound):
        await shop.payments.cancel(payment_id, somebody_else(), reason=None)
    assert isinstance(await shop.payment(payment_id), RequiresAction)
    assert isinstance(await shop.payment(first), Created)
