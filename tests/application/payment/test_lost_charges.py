"""A charge of the time that a restored store has lost, at a provider without a list, is found and not made again."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest

from application.payment.lost_charges import LOOKED_UP_FOR, ChargeUncertain
from application.payment.orphans import Pin
from domain.identifiers import PaymentId, ProviderName
from domain.payment.events import CaptureMethod
from domain.payment.outcome import Declined, Unavailable
from domain.payment.state import Authorized, Captured, Processing
from infrastructure.postgres.event_store.store import PostgresEventStore
from tests.application.shop import Shop, a_caller, body_of, payment_id_of
from tests.support.domain import NOW
from tests.support.provider import ACTING, DECLINING
from tests.support.routing import NORTH, SOUTH, TRY_AGAIN, WEST
from tests.support.store import open_store

SOFT = Declined(TRY_AGAIN, "Later.")


@pytest.fixture
async def before(database_url: str) -> AsyncIterator[Shop]:
    """What is lost."""
    async with open_store(database_url) as store:
        yield Shop(store, NORTH, SOUTH, WEST)


@pytest.fixture
async def empty(other_database_url: str) -> AsyncIterator[PostgresEventStore]:
    async with open_store(other_database_url) as store:
        yield store


@pytest.fixture
def restored(before: Shop, empty: PostgresEventStore) -> Callable[..., Shop]:
    def make(*order: ProviderName) -> Shop:
        shop = Shop(empty, *(order or (SOUTH, NORTH, WEST)), unlisted=(NORTH, WEST), at=before.providers)
        shop.pins.reopened_at = NOW - timedelta(hours=1)
        return shop

    return make


def charges(shop: Shop) -> dict[ProviderName, int]:
    return {name: provider.charges for name, provider in shop.providers.items()}


async def test_a_retry_that_is_routed_elsewhere_finds_its_charge(before: Shop, restored: Callable[..., Shop]) -> None:
    first = await before.create(caller=a_caller("order"), method=CaptureMethod.AUTOMATIC)
    shop = restored()
    again = await shop.create(caller=a_caller("order"), method=CaptureMethod.AUTOMATIC)
    assert charges(shop) == {SOUTH: 0, NORTH: 1, WEST: 0}
    assert payment_id_of(again) == payment_id_of(first)
    payment = await shop.payment(payment_id_of(again))
    assert isinstance(payment, Captured)
    assert payment.authorization.provider == NORTH
    third = await shop.create(caller=a_caller("order"), method=CaptureMethod.AUTOMATIC)
    assert (third.body, third.replayed) == (again.body, True)


async def test_what_a_provider_cannot_say_now_is_charged_nowhere(before: Shop, restored: Callable[..., Shop]) -> None:
    await before.create(caller=a_caller("order"))
    shop = restored()
    shop.providers[NORTH].unreachable = True
    with pytest.raises(ChargeUncertain):
        await shop.create(caller=a_caller("order"))
    assert charges(shop) == {SOUTH: 0, NORTH: 1, WEST: 0}
    shop.providers[NORTH].unreachable = False
    assert body_of(await shop.create(caller=a_caller("order")))["status"] == "authorized"
    assert charges(shop) == {SOUTH: 0, NORTH: 1, WEST: 0}
    shop.providers[NORTH].unreachable = True
    assert (await shop.create(caller=a_caller("order"))).replayed


async def test_a_fallback_of_the_lost_time_is_found_by_the_first_attempt_of_the_retry(
    before: Shop, restored: Callable[..., Shop]
) -> None:
    before.providers[NORTH].refusal = before.providers[SOUTH].refusal = SOFT
    await before.create(caller=a_caller("order"))
    assert charges(before) == {NORTH: 0, SOUTH: 0, WEST: 1}
    shop = restored()
    shop.providers[SOUTH].refusal = None
    assert body_of(await shop.create(caller=a_caller("order")))["status"] == "authorized"
    assert charges(shop) == {SOUTH: 0, NORTH: 0, WEST: 1}


async def test_a_fallback_after_what_a_restored_store_still_has_is_found_too(
    before: Shop, restored: Callable[..., Shop]
) -> None:
    """The first attempt was on record, its fallback was lost, and recovery brings the first one to its end."""
    before.providers[NORTH].refusal = SOFT
    before.providers[SOUTH].refusal = SOFT
    await before.create(caller=a_caller("order"))
    shop = restored(NORTH, SOUTH, WEST)
    shop.pins.reopened_at = None
    shop.providers[NORTH].loses_answers = True
    payment_id = payment_id_of(await shop.create(caller=a_caller("order")))
    shop.providers[NORTH].loses_answers = False
    shop.providers[SOUTH].refusal = None
    shop.pins.reopened_at = NOW - timedelta(hours=1)
    shop.providers[WEST].unreachable = True
    await shop.recovery.sweep(older_than_s=0)
    assert isinstance(await shop.payment(payment_id), Processing)
    assert charges(shop) == {NORTH: 0, SOUTH: 0, WEST: 1}
    shop.providers[WEST].unreachable = False
    await shop.settle_down()
    assert isinstance(await shop.payment(payment_id), Authorized)
    assert charges(shop) == {NORTH: 0, SOUTH: 0, WEST: 1}


async def test_a_confirmation_of_the_lost_time_is_found(before: Shop, restored: Callable[..., Shop]) -> None:
    created = payment_id_of(await before.create(caller=a_caller("order"), confirmed=False))
    await before.payments.confirm(created, a_caller("confirm"))
    shop = restored()
    assert payment_id_of(await shop.create(caller=a_caller("order"), confirmed=False)) == created
    shop.providers[NORTH].unreachable = True
    with pytest.raises(ChargeUncertain):
        await shop.payments.confirm(created, a_caller("confirm"))
    shop.providers[NORTH].unreachable = False
    for _ in range(2):
        assert body_of(await shop.payments.confirm(created, a_caller("confirm")))["status"] == "authorized"
    assert charges(shop) == {SOUTH: 0, NORTH: 1, WEST: 0}


@pytest.mark.parametrize("listed", [False, True])
async def test_a_provider_that_has_the_charge_and_turns_its_repeat_away_is_not_passed_over(
    before: Shop, restored: Callable[..., Shop], listed: bool
) -> None:
    payment_id = payment_id_of(await before.create(caller=a_caller("order")))
    shop = restored()
    if listed:
        [asked] = before.provider.asked
        shop.pins.pins = {payment_id: Pin(NORTH, asked.operation_id)}
    shop.providers[NORTH].misreported = Unavailable("too busy")
    assert body_of(await shop.create(caller=a_caller("order")))["status"] == "processing"
    await shop.settle_down()
    assert isinstance(await shop.payment(payment_id), Authorized)
    assert charges(shop) == {SOUTH: 0, NORTH: 1, WEST: 0}


@pytest.mark.parametrize("token", [ACTING, DECLINING])
async def test_whatever_became_of_it_the_retry_goes_where_it_went(
    before: Shop, restored: Callable[..., Shop], token: str
) -> None:
    first = await before.create(caller=a_caller("order"), token=token)
    shop = restored()
    again = await shop.create(caller=a_caller("order"), token=token)
    assert body_of(again)["status"] == body_of(first)["status"]
    assert shop.providers[SOUTH].asked == []


@pytest.mark.parametrize("reopened", [None, NOW - LOOKED_UP_FOR])
async def test_a_store_that_was_not_restored_lately_asks_nobody(
    restored: Callable[..., Shop], reopened: object
) -> None:
    shop = restored()
    shop.pins.reopened_at = reopened  # type: ignore[assignment]
    await shop.create(caller=a_caller("order"))
    assert [provider.looked_up for provider in shop.providers.values()] == [[], [], []]


async def test_a_payment_without_a_key_is_looked_up_nowhere(restored: Callable[..., Shop]) -> None:
    shop = restored()
    payment_id: PaymentId = await shop.authorized()
    assert isinstance(await shop.payment(payment_id), Authorized)
    assert [provider.looked_up for provider in shop.providers.values()] == [[], [], []]


async def test_what_is_new_is_looked_up_once_and_goes_where_routing_says(restored: Callable[..., Shop]) -> None:
    shop = restored()
    assert body_of(await shop.create(caller=a_caller("new")))["status"] == "authorized"
    assert charges(shop) == {SOUTH: 1, NORTH: 0, WEST: 0}
    assert [len(provider.looked_up) for provider in shop.providers.values()] == [0, 3, 3]
