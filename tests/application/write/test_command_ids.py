"""Ids of commands: the key's, so that a repeat has the same; and each command's own where that is what it needs."""

from uuid import UUID

from msgspec.structs import replace

from application.provider.port import AuthorizeRequest
from application.write.store import Verb
from domain.derivation import attempt_id_for, is_derived
from domain.identifiers import OperationId, ProviderName
from domain.payment.events import OperationEnded
from domain.payment.outcome import Unavailable
from infrastructure.postgres.event_store.store import PostgresEventStore
from tests.application.shop import Shop, a_caller, payment_id_of
from tests.support.command_ids import command_ids
from tests.support.store import open_store

OTHER_STORE = UUID("0c1b1b1e-0000-4000-8000-000000000001")


async def test_a_key_names_the_same_things_again_and_another_key_others() -> None:
    first, again = command_ids(), command_ids()
    caller, other_key = a_caller("order-1"), a_caller("order-2")
    other_merchant = replace(caller, merchant_id="mer_other")
    ids = [await first.operation_id(caller, verb) for verb in Verb] + [await first.payment_id(caller)]
    assert ids == [await again.operation_id(caller, verb) for verb in Verb] + [await again.payment_id(caller)]
    others = [await first.operation_id(each, Verb.CREATE) for each in (other_key, other_merchant)]
    others.append(await command_ids(namespace=OTHER_STORE).operation_id(caller, Verb.CREATE))
    assert len({*ids, *others}) == len(ids) + len(others)
    assert all(map(is_derived, ids))


async def test_without_a_key_each_command_is_another_one() -> None:
    ids = command_ids()
    assert await ids.payment_id(a_caller()) != await ids.payment_id(a_caller())
    assert await ids.operation_id(a_caller(), Verb.CREATE) != await ids.operation_id(a_caller(), Verb.CREATE)


async def test_the_attempts_of_a_payment_are_told_apart_by_their_number(database_url: str) -> None:
    async with open_store(database_url) as store:
        names = [ProviderName(name) for name in ("north", "south", "west")]
        shop = Shop(store, *names)
        for name in names[:2]:
            shop.providers[name].refusal = Unavailable("away")
        payment_id = payment_id_of(await shop.create(caller=a_caller("order-1")))
        asked = [provider.asked[0] for provider in shop.providers.values()]
        first = await command_ids().operation_id(a_caller("order-1"), Verb.CREATE)
        assert payment_id == await command_ids().payment_id(a_caller("order-1"))
        assert [request.operation_id for request in asked] == [attempt_id_for(first, number) for number in (1, 2, 3)]
        assert all(isinstance(request, AuthorizeRequest) and request.asked_at is not None for request in asked)


async def test_two_keys_on_one_payment_make_two_refunds_and_a_repeat_makes_none(database_url: str) -> None:
    async with open_store(database_url) as store:
        shop = Shop(store)
        payment_id = await shop.captured()
        for key in ("one", "two", "one", "two"):
            await shop.payments.refund(payment_id, a_caller(key), amount_minor=100, reason="damaged")
        refunds = {request.operation_id for request in shop.provider.asked[1:]}
        assert len(refunds) == len(shop.provider.asked[1:]) == 2


async def test_an_event_tells_when_the_provider_was_asked_for_what_it_tells(database_url: str) -> None:
    async with open_store(database_url) as store:
        shop = Shop(store)
        payment_id = await shop.captured()
        await shop.payments.refund(payment_id, a_caller("back"), amount_minor=100, reason="damaged")
        ended = {event for event in await asked_of(store, payment_id) if event[1]}
        assert ended == {("PaymentAuthorized", True), ("PaymentCaptured", True), ("PaymentRefunded", True)}


async def asked_of(store: PostgresEventStore, payment_id: UUID) -> list[tuple[str, bool]]:
    events = [positioned.event for positioned in await store.history(payment_id)]
    assert all((event.asked_at is not None) == isinstance(event.data, OperationEnded) for event in events)
    return [(type(event.data).__name__, event.asked_at is not None) for event in events]


def test_an_attempt_of_before_derived_ids_is_followed_by_a_derived_one() -> None:
    old = OperationId(UUID("0190a1b2-0000-7000-8000-000000000001"))
    assert attempt_id_for(old, 1) == old
    assert is_derived(attempt_id_for(old, 2))
