"""Routing policies in the store: added and activated in one append each, and followed by every process soon after."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from uuid import UUID

import pytest

from application.routing.cache import PolicyBook, default_policy
from application.routing.commands import RoutingPolicies
from application.write.store import Append, AppendResult, StoreUnavailable
from domain.history import Cause, Positioned
from domain.identifiers import PLATFORM, ProviderName
from domain.routing.document import PolicyInvalid
from domain.routing.events import RoutingPolicyActivated, RoutingPolicyAdded
from domain.routing.route import Figures, route
from domain.routing.versions import ROUTING_POLICIES, PolicyNotFound
from infrastructure.postgres.event_store.store import PostgresEventStore
from infrastructure.rules.expressions import Expressions
from infrastructure.rules.faults import fault_of
from tests.support.routing import ANYTHING, NORTH, POLICY_TEXT, PROVIDERS, SOUTH, WEST, asked
from tests.support.store import open_store, until

ANNA = Cause(actor="operator:anna", request_id="req_1", trace_id="0" * 32)
WHEN = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OTHER_TEXT = POLICY_TEXT.replace("cards-eu", "cards-world").replace("70", "60").replace("30}}", "40}}", 1)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[PostgresEventStore]:
    async with open_store(database_url) as opened:
        yield opened


@pytest.fixture
def policies(store: PostgresEventStore) -> RoutingPolicies:
    return policies_of(store)


def policies_of(store: PostgresEventStore, *providers: ProviderName) -> RoutingPolicies:
    return RoutingPolicies(store, providers=providers or PROVIDERS, fault_of=fault_of, now=lambda: WHEN)


class AwayStore:
    """A store that sometimes does not answer."""

    def __init__(self, store: PostgresEventStore) -> None:
        self._store = store
        self.is_away = False

    async def append(self, append: Append) -> AppendResult:
        return await self._store.append(append)

    async def history_after(self, stream_id: UUID, version: int) -> list[Positioned]:
        if self.is_away:
            raise StoreUnavailable("away")
        return list(await self._store.history_after(stream_id, version))


def book_of(
    store: PostgresEventStore | AwayStore,
    figures: Mapping[ProviderName, Figures] | None = None,
    open_circuits: tuple[ProviderName, ...] = (),
) -> PolicyBook:
    async def read_figures() -> Mapping[ProviderName, Figures]:
        return figures or {}

    return PolicyBook(
        store,
        capabilities=dict.fromkeys(PROVIDERS, ANYTHING),
        read_figures=read_figures,
        holds=(conditions := Expressions()).holds,
        is_open=open_circuits.__contains__,
        prepare=conditions.prepare,
    )


async def test_a_policy_is_added_and_activated_by_whoever_did_it(
    policies: RoutingPolicies, store: PostgresEventStore
) -> None:
    assert await policies.add(POLICY_TEXT, ANNA) == 1
    assert await policies.add(OTHER_TEXT, ANNA) == 2
    await policies.activate(2, ANNA)
    history = await store.history(ROUTING_POLICIES)
    assert [positioned.event.data for positioned in history] == [
        RoutingPolicyAdded(number=1, name="cards-eu", document=POLICY_TEXT),
        RoutingPolicyAdded(number=2, name="cards-world", document=OTHER_TEXT),
        RoutingPolicyActivated(number=2),
    ]
    assert {(each.event.actor, each.event.merchant_id, each.event.recorded_at) for each in history} == {
        ("operator:anna", PLATFORM, WHEN)
    }


async def test_the_same_text_has_the_same_number(policies: RoutingPolicies) -> None:
    assert [await policies.add(text, ANNA) for text in (POLICY_TEXT, OTHER_TEXT, POLICY_TEXT)] == [1, 2, 1]
    await policies.activate(1, ANNA)
    await policies.activate(1, ANNA)
    assert len(await policies.history()) == 3


async def test_an_invalid_policy_is_not_added(policies: RoutingPolicies) -> None:
    with pytest.raises(PolicyInvalid) as refusal:
        await policies.add(POLICY_TEXT.replace("currency == 'EUR'", "currency == 'EUR' && false"), ANNA)
    assert str(refusal.value) == "line 8: the condition of rule “rest” can never be true"
    assert await policies.history() == []


async def test_a_refused_activation_leaves_the_active_policy(
    policies: RoutingPolicies, store: PostgresEventStore
) -> None:
    await policies.add(POLICY_TEXT, ANNA)
    await policies.add(OTHER_TEXT, ANNA)
    await policies.activate(1, ANNA)
    with pytest.raises(PolicyNotFound):
        await policies.activate(3, ANNA)
    with pytest.raises(PolicyInvalid, match=r"line 2: there is no provider “north”, only south, west"):
        await policies_of(store, SOUTH, WEST).activate(2, ANNA)
    assert (await policies.versions()).active == 1


async def test_whoever_adds_at_the_same_time_gets_a_number_of_their_own(policies: RoutingPolicies) -> None:
    texts = [POLICY_TEXT.replace("cards-eu", f"cards-{number}") for number in range(6)]
    numbers = await asyncio.gather(*(policies.add(text, ANNA) for text in texts))
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]
    versions = await policies.versions()
    assert {versions.get(number).document for number in numbers} == set(texts)


async def test_before_any_policy_the_providers_are_asked_in_their_order(store: PostgresEventStore) -> None:
    book = book_of(store)
    await book.refresh()
    assert book.situation().policy == default_policy(PROVIDERS)
    assert book.situation().policy.version == "default:0"
    assert route(book.situation(), asked(), tried=[NORTH]).chosen == SOUTH


async def test_the_book_follows_what_is_activated(policies: RoutingPolicies, store: PostgresEventStore) -> None:
    book = book_of(store)
    await policies.add(POLICY_TEXT, ANNA)
    await policies.add(OTHER_TEXT, ANNA)
    await book.refresh()
    assert book.situation().policy.version == "default:0"
    for number, version in ((2, "cards-world:2"), (1, "cards-eu:1")):
        await policies.activate(number, ANNA)
        await book.refresh()
        assert book.situation().policy.version == version
    decided = route(book.situation(), asked())
    assert (decided.rule, decided.chosen) == ("rest", SOUTH)


async def test_a_book_that_is_started_follows_by_itself(policies: RoutingPolicies, store: PostgresEventStore) -> None:
    await policies.add(POLICY_TEXT, ANNA)
    await policies.activate(1, ANNA)
    book = book_of(store)
    await book.start()
    try:
        assert book.situation().policy.version == "cards-eu:1"
        await policies.activate(await policies.add(OTHER_TEXT, ANNA), ANNA)

        async def follows() -> bool:
            return book.situation().policy.version == "cards-world:2"

        await until(follows, "the other policy is followed")
    finally:
        await book.aclose()


async def test_while_the_store_is_away_the_last_that_was_read_stays(
    policies: RoutingPolicies, store: PostgresEventStore
) -> None:
    away = AwayStore(store)
    book = book_of(away, {NORTH: Figures(success_bp=9_000, samples=3)})
    await policies.add(POLICY_TEXT, ANNA)
    await policies.activate(1, ANNA)
    await book.refresh()
    away.is_away = True
    with pytest.raises(StoreUnavailable):
        await book.refresh()
    assert book.situation().policy.version == "cards-eu:1"
    assert book.situation().figures[NORTH].success_bp == 9_000


async def test_a_book_starts_although_the_store_is_away(store: PostgresEventStore) -> None:
    away = AwayStore(store)
    away.is_away = True
    book = book_of(away)
    await book.start()
    assert book.situation().policy.version == "default:0"
    await book.aclose()


async def test_circuits_are_looked_at_at_the_moment_of_the_decision(store: PostgresEventStore) -> None:
    book = book_of(store, {NORTH: Figures(samples=7)}, open_circuits=(NORTH,))
    await book.refresh()
    assert book.situation().figures[NORTH] == Figures(samples=7, open_circuit=True)
    assert book.situation().figures[WEST] == Figures()
    assert route(book.situation(), asked()).chosen == SOUTH


async def test_a_policy_whose_provider_is_gone_is_followed_with_the_others(
    policies: RoutingPolicies, store: PostgresEventStore
) -> None:
    await policies.add(POLICY_TEXT.replace('"default": {"priority": ["north"', '"default": {"priority": ["west"'), ANNA)
    await policies.activate(1, ANNA)
    book = PolicyBook(
        store,
        capabilities={SOUTH: ANYTHING},
        read_figures=_no_figures,
        holds=(conditions := Expressions()).holds,
        is_open=lambda _: False,
        prepare=conditions.prepare,
    )
    await book.refresh()
    assert route(book.situation(), asked()).chosen == SOUTH


async def _no_figures() -> Mapping[ProviderName, Figures]:
    return {}
