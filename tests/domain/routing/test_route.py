"""Where a payment goes follows from the policy, the payment and the figures, and from nothing else."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.identifiers import PaymentId, ProviderName
from domain.money import Money
from domain.payment.method import MethodType, PaymentMethod
from domain.routing.capabilities import Capabilities
from domain.routing.policy import Choice, Cost, Rule
from domain.routing.route import (
    CIRCUIT_OPEN,
    DEFAULT_RULE,
    NOT_IN_RULE,
    TRIED_BEFORE,
    Figures,
    Situation,
    draw_of,
    route,
)
from tests.support.routing import (
    ANYTHING,
    NORTH,
    PROVIDERS,
    SOUTH,
    WEST,
    asked,
    cheapest,
    policy,
    priority,
    situation,
    split,
)

CARDS_ONLY = Capabilities(methods=frozenset({MethodType.CARD}))
TRANSFERS_ONLY = Capabilities(methods=frozenset({MethodType.BANK_TRANSFER}))


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    providers = draw(st.lists(st.sampled_from(PROVIDERS), min_size=1, unique=True))
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=len(providers) - 1, max_size=len(providers) - 1)))
    percentages = [end - start for start, end in zip([0, *cuts], [*cuts, 100], strict=True)]
    shares = dict(zip(providers, percentages, strict=True))
    return draw(st.sampled_from((priority(*providers), cheapest(*providers), split(shares))))


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    rules = [
        Rule(name=f"rule-{number}", when=draw(st.sampled_from(("always", "never"))), choice=draw(choices()))
        for number in range(draw(st.integers(0, 3)))
    ]
    costs = draw(st.dictionaries(st.sampled_from(PROVIDERS), st.builds(Cost, basis_points=st.integers(0, 500))))
    figures = st.builds(Figures, success_bp=st.none() | st.integers(0, 10_000), open_circuit=st.booleans())
    abilities = st.sampled_from((ANYTHING, CARDS_ONLY, TRANSFERS_ONLY))
    return situation(
        policy(draw(choices()), rules=rules, costs=costs),
        providers=draw(st.sets(st.sampled_from(PROVIDERS), min_size=1)),
        figures=draw(st.dictionaries(st.sampled_from(PROVIDERS), figures)),
        capabilities=draw(st.dictionaries(st.sampled_from(PROVIDERS), abilities)),
    )


tries = st.lists(st.sampled_from(PROVIDERS), unique=True)
payments = st.integers(0, 2**128 - 1)


@settings(max_examples=40)
@given(situations(), payments, tries)
def test_the_same_input_gives_the_same_route(given_: Situation, payment: int, tried: list[ProviderName]) -> None:
    assert route(given_, asked(payment), tried=tried) == route(given_, asked(payment), tried=tried)


@settings(max_examples=40)
@given(situations(), payments, tries)
def test_the_order_in_which_providers_are_configured_changes_nothing(
    given_: Situation, payment: int, tried: list[ProviderName]
) -> None:
    turned = Situation(
        policy=given_.policy,
        capabilities=dict(reversed(list(given_.capabilities.items()))),
        figures=dict(reversed(list(given_.figures.items()))),
        holds=given_.holds,
    )
    assert route(turned, asked(payment), tried=tried) == route(given_, asked(payment), tried=tried)


@settings(max_examples=40)
@given(situations(), payments, tries)
def test_who_is_out_of_the_running_is_never_chosen(given_: Situation, payment: int, tried: list[ProviderName]) -> None:
    decided = route(given_, asked(payment), tried=tried)
    running = [candidate.provider for candidate in decided.candidates if candidate.out is None]
    assert decided.chosen in running if running else decided.chosen is None
    assert decided.chosen not in tried
    if decided.chosen is not None:
        assert not given_.figures.get(decided.chosen, Figures()).open_circuit
        assert given_.capabilities[decided.chosen].lacking(asked().amount, asked().method) is None


@settings(max_examples=40)
@given(situations(), payments)
def test_falling_back_asks_everybody_in_the_running_once_and_then_nobody(given_: Situation, payment: int) -> None:
    first = route(given_, asked(payment))
    running = {candidate.provider for candidate in first.candidates if candidate.out is None}
    tried: list[ProviderName] = []
    while (decided := route(given_, asked(payment), tried=tried)).chosen is not None:
        tried.append(decided.chosen)
    assert set(tried) == running
    assert len(tried) == len(running)


@settings(max_examples=40)
@given(situations(), payments, tries)
def test_every_configured_provider_is_told_of(given_: Situation, payment: int, tried: list[ProviderName]) -> None:
    decided = route(given_, asked(payment), tried=tried)
    assert [candidate.provider for candidate in decided.candidates] == sorted(given_.capabilities)


@pytest.mark.parametrize("shares", [{NORTH: 70, SOUTH: 30}, {NORTH: 1, SOUTH: 98, WEST: 1}, {NORTH: 100, SOUTH: 0}])
def test_a_split_converges_to_its_percentages(shares: dict[ProviderName, int]) -> None:
    given_, many = situation(policy(split(shares))), 10_000
    chosen = Counter(route(given_, asked(payment)).chosen for payment in range(many))
    for provider, share in shares.items():
        # Six standard deviations of a fair draw, and half a percent of nothing at all.
        spread = 6 * (many * share * (100 - share)) ** 0.5 / 100
        assert abs(chosen[provider] - many * share // 100) <= spread


def test_a_split_without_one_of_its_providers_keeps_the_proportions_of_the_others() -> None:
    given_ = situation(policy(split({NORTH: 60, SOUTH: 30, WEST: 10})), figures={NORTH: Figures(open_circuit=True)})
    chosen = Counter(route(given_, asked(payment)).chosen for payment in range(4_000))
    assert chosen[NORTH] == 0
    assert abs(chosen[SOUTH] - 3_000) < 170


@given(payments)
def test_a_draw_is_below_its_bound(payment: int) -> None:
    assert 0 <= draw_of(PaymentId(UUID(int=payment))) < 10_000


@given(st.permutations(PROVIDERS), st.sets(st.sampled_from(PROVIDERS)))
def test_a_priority_is_followed_in_its_order(order: list[ProviderName], down: set[ProviderName]) -> None:
    given_ = situation(policy(priority(*order)), figures=dict.fromkeys(down, Figures(open_circuit=True)))
    left = [provider for provider in order if provider not in down]
    assert route(given_, asked()).chosen == (left[0] if left else None)


@pytest.mark.parametrize(
    ("costs", "chosen"),
    [
        ({NORTH: Cost(basis_points=100), SOUTH: Cost(basis_points=90)}, SOUTH),
        ({NORTH: Cost(basis_points=100), SOUTH: Cost(basis_points=90, fixed_minor=11)}, NORTH),
        ({NORTH: Cost(basis_points=100), SOUTH: Cost(basis_points=100)}, NORTH),
        ({SOUTH: Cost(basis_points=10_000)}, SOUTH),
        ({}, NORTH),
    ],
)
def test_the_cheapest_comes_first_and_who_costs_nobody_knows_what_last(
    costs: dict[ProviderName, Cost], chosen: ProviderName
) -> None:
    assert route(situation(policy(cheapest(NORTH, SOUTH), costs=costs)), asked()).chosen == chosen


def test_the_first_rule_that_holds_decides() -> None:
    rules = [
        Rule(name="no", when="never", choice=priority(NORTH)),
        Rule(name="yes", when="always", choice=priority(SOUTH)),
        Rule(name="late", when="always", choice=priority(WEST)),
    ]
    decided = route(situation(policy(priority(NORTH), rules=rules)), asked())
    assert (decided.rule, decided.chosen) == ("yes", SOUTH)
    assert route(situation(policy(priority(NORTH), rules=rules[:1])), asked()).rule == DEFAULT_RULE


def test_whoever_is_out_has_a_reason() -> None:
    given_ = situation(
        policy(priority(NORTH, SOUTH)),
        figures={SOUTH: Figures(open_circuit=True)},
        capabilities={ProviderName("east"): TRANSFERS_ONLY},
    )
    outs = {candidate.provider: candidate.out for candidate in route(given_, asked(), tried=[NORTH]).candidates}
    assert outs == {"east": "does not take card", NORTH: TRIED_BEFORE, SOUTH: CIRCUIT_OPEN, WEST: NOT_IN_RULE}


def test_conditions_are_given_the_payment_and_the_figures() -> None:
    seen: list[Any] = []

    def holds(when: str, facts: Any) -> bool:
        seen.append(facts)
        return False

    rule = Rule(name="any", when="whatever", choice=priority(NORTH))
    given_ = Situation(
        policy=policy(priority(NORTH), rules=[rule], costs={NORTH: Cost(basis_points=100, fixed_minor=5)}),
        capabilities={NORTH: ANYTHING, SOUTH: ANYTHING},
        figures={NORTH: Figures(success_bp=9_100, latency_ms_p95=300, samples=12)},
        holds=holds,
    )
    route(given_, asked(amount=Money(1_000, "INR"), method=PaymentMethod(MethodType.UPI_COLLECT, "tok", None, "IN")))
    assert seen == [
        {
            "amount": 1_000,
            "currency": "INR",
            "country": "IN",
            "method": "upi_collect",
            "card_brand": "",
            "merchant": "mer_acme",
            "providers": {
                "north": {"cost": 15, "success_bp": 9_100, "latency_ms_p95": 300, "samples": 12},
                "south": {"cost": -1, "success_bp": -1, "latency_ms_p95": -1, "samples": 0},
            },
        }
    ]
