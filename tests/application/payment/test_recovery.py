"""No operation stays without an outcome, none is carried out twice, and the first answer stays the answer."""

import asyncio
from datetime import timedelta

import pytest

from application.payment import recovery as recovery_module
from application.provider.port import ProviderRequest
from application.terms.policies import DEFAULT_POLICIES
from application.write.store import StoreUnavailable
from domain.identifiers import PaymentId
from domain.payment.events import CaptureMethod
from domain.payment.outcome import Approved, Outcome, Rejected
from domain.payment.state import Authorized, Captured, Failed, InFlight, Processing, Voided
from tests.application.shop import Shop, a_caller, body_of, payment_id_of
from tests.support.provider import TIMING_OUT, Fate
from tests.support.store import until


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked up in the background, so that the test decides when."""
    monkeypatch.setattr(recovery_module, "FIRST_DELAY_S", 3600.0)


async def until_resolved(shop: Shop) -> None:
    async def resolved() -> bool:
        return await shop.unresolved() == 0

    await until(resolved, "nothing is unresolved")


async def test_an_unknown_outcome_is_looked_up_in_the_background(shop: Shop) -> None:
    answered = await shop.create(token=TIMING_OUT)
    assert body_of(answered)["status"] == "processing"
    await until_resolved(shop)
    assert isinstance(await shop.payment(payment_id_of(answered)), Authorized)
    assert len(shop.provider.asked) == 1
    await shop.assert_books_hold()


async def test_the_first_answer_stays_the_answer(shop: Shop) -> None:
    first = await shop.create(token=TIMING_OUT, caller=a_caller("key"))
    await until_resolved(shop)
    again = await shop.create(token=TIMING_OUT, caller=a_caller("key"))
    assert (again.status, again.body, again.position) == (first.status, first.body, first.position)


@pytest.mark.usefixtures("patient")
async def test_what_the_provider_never_saw_is_repeated_under_the_same_id(shop: Shop) -> None:
    shop.provider.fates.append(Fate.LOST)
    payment_id = payment_id_of(await shop.create())
    assert isinstance(await shop.payment(payment_id), InFlight)
    await shop.settle_down()
    assert isinstance(await shop.payment(payment_id), Authorized)
    first, second = shop.provider.asked
    assert first == second
    assert shop.provider.effects == 1


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("fate", [Fate.LOST, Fate.ANSWER_LOST])
@pytest.mark.parametrize("verb", ["capture", "void", "refund"])
async def test_every_operation_is_resolved(shop: Shop, verb: str, fate: Fate) -> None:
    payment_id = await (shop.captured() if verb == "refund" else shop.authorized())
    shop.provider.fates.append(fate)
    await act(shop, verb, payment_id)
    assert isinstance(await shop.payment(payment_id), InFlight)
    assert await shop.unresolved() == 1
    await shop.settle_down()
    stages = {"capture": Captured, "void": Voided, "refund": Captured}
    assert isinstance(await shop.payment(payment_id), stages[verb])
    assert shop.provider.effects == 2
    await shop.assert_books_hold()


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("verb", ["void", "refund"])
async def test_a_repeat_that_is_refused_because_the_first_time_came_after_all_has_not_failed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """Where a provider knows no keys: what is voided already cannot be voided, nor given back twice."""
    payment_id = await (shop.captured() if verb == "refund" else shop.authorized())
    asks = getattr(shop.provider, verb)

    async def overtaken(request: ProviderRequest) -> Outcome:
        outcome: Outcome = await asks(request)
        return Rejected("not_allowed", "It is done already.") if isinstance(outcome, Approved) else outcome

    monkeypatch.setattr(shop.provider, verb, overtaken)
    shop.provider.fates.append(Fate.LOST)
    await act(shop, verb, payment_id)
    await shop.settle_down()
    payment = await shop.payment(payment_id)
    if verb == "void":
        assert isinstance(payment, Voided)
    else:
        assert isinstance(payment, Captured)
        assert payment.taken.refunded.minor == 4000
    assert shop.provider.effects == 2
    await shop.assert_books_hold()


async def act(shop: Shop, verb: str, payment_id: PaymentId) -> None:
    match verb:
        case "capture":
            await shop.payments.capture(payment_id, a_caller(), amount_minor=4000, final=True)
        case "void":
            await shop.payments.void(payment_id, a_caller())
        case _:
            await shop.payments.refund(payment_id, a_caller(), amount_minor=4000, reason="")


@pytest.mark.usefixtures("patient")
async def test_a_lookup_without_an_answer_resolves_nothing_and_is_noted_once(shop: Shop) -> None:
    payment_id = payment_id_of(await shop.create(token=TIMING_OUT))
    shop.provider.lookups_lost = 3
    for _ in range(3):
        assert await shop.recovery.sweep(older_than_s=0) == 1
    assert (await shop.events(payment_id)).count("payment.outcome_unknown.v1") == 1
    assert len(shop.provider.asked) == 1
    assert await shop.recovery.sweep(older_than_s=0) == 0


@pytest.mark.usefixtures("patient")
async def test_a_young_operation_is_left_to_whoever_started_it(shop: Shop) -> None:
    await shop.create(token=TIMING_OUT)
    a_century_s = 100 * 365 * 86_400.0
    assert await shop.recovery.sweep(older_than_s=a_century_s) == 0
    assert shop.provider.looked_up == []


@pytest.mark.parametrize("when", ["fail_before", "fail_after"])
async def test_an_outcome_that_could_not_be_stored_is_found_again(shop: Shop, when: str) -> None:
    """The provider took the money; the store failed when that was to be written."""

    async def fail() -> None:
        setattr(shop.flaky, when, 1)

    shop.provider.before_answer = fail
    with pytest.raises(StoreUnavailable):
        await shop.create(method=CaptureMethod.AUTOMATIC, caller=a_caller("key"))
    await until_resolved(shop)
    again = await shop.create(method=CaptureMethod.AUTOMATIC, caller=a_caller("key"))
    assert body_of(again)["status"] == "captured"
    assert (await shop.events(payment_id_of(again))).count("payment.captured.v2") == 1
    assert shop.provider.taken_minor == 10000
    await shop.assert_books_hold()


async def test_recovery_that_comes_first_leaves_its_answer_to_the_original(shop: Shop) -> None:
    async def recover() -> None:
        await shop.settle_down()

    shop.provider.before_answer = recover
    answered = await shop.create(caller=a_caller("key"))
    assert body_of(answered)["status"] == "authorized"
    assert (await shop.events(payment_id_of(answered))).count("payment.authorized.v1") == 1
    again = await shop.create(caller=a_caller("key"))
    assert again.body == answered.body
    await shop.assert_books_hold()


async def test_an_original_that_knows_no_more_than_recovery_found_out_is_told_that(shop: Shop) -> None:
    """Its own answer was lost; meanwhile recovery has looked the outcome up."""

    async def recover() -> None:
        await shop.settle_down()

    shop.provider.fates.append(Fate.ANSWER_LOST)
    shop.provider.before_answer = recover
    answered = await shop.create(caller=a_caller("key"))
    assert body_of(answered)["status"] == "authorized"
    assert "payment.outcome_unknown.v1" not in await shop.events(payment_id_of(answered))
    assert await shop.unresolved() == 0


@pytest.mark.usefixtures("patient")
async def test_an_original_that_reports_late_cannot_bury_what_recovery_has_set_in_motion(shop: Shop) -> None:
    """It could not reach the provider, and says so while recovery's repeat of the call is there, taking effect."""
    repeated, original_is_done = asyncio.Event(), asyncio.Event()
    recovering: list[asyncio.Task[None]] = []

    async def at_the_provider() -> None:
        repeated.set()
        await original_is_done.wait()

    async def recover_first() -> None:
        shop.provider.unreachable = False
        shop.provider.before_answer = at_the_provider
        recovering.append(asyncio.create_task(shop.settle_down()))
        await repeated.wait()

    shop.provider.unreachable = True
    shop.flaky.before_append = [lambda: None, recover_first]
    answered = await shop.create(caller=a_caller("key"))
    original_is_done.set()
    await asyncio.gather(*recovering)
    assert body_of(answered)["status"] == "processing"
    assert isinstance(await shop.payment(payment_id_of(answered)), Authorized)
    assert shop.provider.effects == 1
    assert (await shop.create(caller=a_caller("key"))).body == answered.body
    await shop.assert_books_hold()


@pytest.mark.usefixtures("patient")
async def test_an_original_that_answers_late_does_not_reopen_what_recovery_has_resolved(shop: Shop) -> None:
    """Recovery resolves the operation just before the original, which knows nothing, has its answer stored."""
    repeated, may_go_on = asyncio.Event(), asyncio.Event()
    recovering: list[asyncio.Task[None]] = []

    async def at_the_provider() -> None:
        repeated.set()
        await may_go_on.wait()

    async def recover_first() -> None:
        shop.provider.unreachable = False
        shop.provider.before_answer = at_the_provider
        recovering.append(asyncio.create_task(shop.settle_down()))
        await repeated.wait()

    async def let_recovery_end() -> None:
        may_go_on.set()
        await asyncio.gather(*recovering)

    shop.provider.unreachable = True
    created = recovery_doubts = lambda: None
    shop.flaky.before_append = [created, recover_first, recovery_doubts, let_recovery_end]
    answered = await shop.create(caller=a_caller("key"))
    assert body_of(answered)["status"] == "authorized"
    assert await shop.unresolved() == 0


async def test_many_recoveries_at_once_settle_once(shop: Shop) -> None:
    payments = [payment_id_of(await shop.create(token=TIMING_OUT)) for _ in range(10)]
    await asyncio.gather(*(shop.recovery.sweep(older_than_s=0) for _ in range(5)))
    await shop.settle_down()
    for payment_id in payments:
        assert (await shop.events(payment_id)).count("payment.authorized.v1") == 1
    await shop.assert_books_hold()


@pytest.mark.usefixtures("patient")
async def test_a_provider_out_of_reach_fails_the_payment_and_takes_nothing(shop: Shop) -> None:
    shop.provider.unreachable = True
    payment_id = payment_id_of(await shop.create())
    assert isinstance(await shop.payment(payment_id), Failed)
    assert await shop.unresolved() == 0


@pytest.mark.usefixtures("patient")
async def test_a_store_that_is_away_during_a_sweep_only_postpones_it(shop: Shop) -> None:
    await shop.create(token=TIMING_OUT)
    shop.flaky.fail_before = 1
    assert await shop.recovery.sweep(older_than_s=0) == 1
    assert await shop.recovery.sweep(older_than_s=0) == 0


@pytest.mark.usefixtures("patient")
async def test_what_is_older_than_recoverys_time_is_never_repeated(shop: Shop) -> None:
    """A customer who is charged hours later has long paid otherwise, and the provider may have forgotten the id."""
    shop.provider.fates.append(Fate.LOST)
    payment_id = payment_id_of(await shop.create())
    shop.now += timedelta(seconds=DEFAULT_POLICIES.recovery.in_doubt_after_s)
    asked = len(shop.provider.asked)
    for _ in range(3):
        await shop.recovery.sweep(older_than_s=0)
    payment = await shop.payment(payment_id)
    assert isinstance(payment, Processing)
    assert payment.in_doubt
    assert len(shop.provider.asked) == asked
    assert shop.provider.effects == 0
