"""Whom a rule asks first: as it names them, the cheapest, or by shares that its percentages come out at."""

from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.identifiers import PaymentId, ProviderName
from domain.money.money import Money
from domain.routing.policy import Cost
from domain.routing.route import (
    DRAWS,
    Asked,
    Figures,
    Situation,
    draw_of,
    route,
)
from tests.domain.routing.routes import (
    ALL,
    A,
    B,
    C,
    D,
    any_costs,
    asking,
    following,
    order_of,
    payments,
)
from tests.support.domain import amounts
from tests.support.routing import cheapest, priority, split


def test_priority_is_the_order_that_the_rule_names() -> None:
    assert order_of(following(priority(C, A, B)), asking()) == [C, A, B]


def test_the_cheapest_comes_first_and_who_costs_nobody_knows_comes_last() -> None:
    costs = {A: Cost(basis_points=300), B: Cost(basis_points=0, fixed_minor=25), D: Cost(basis_points=0)}
    situation = following(cheapest(C, A, B, D), costs=costs)
    assert order_of(situation, asking()) == [D, B, A, C]


def test_who_is_cheapest_depends_on_the_amount() -> None:
    situation = following(cheapest(A, B), costs={A: Cost(basis_points=100), B: Cost(basis_points=0, fixed_minor=50)})
    assert route(situation, asking(amount=Money(1_000, "EUR"))).chosen == A
    assert route(situation, asking(amount=Money(100_000, "EUR"))).chosen == B


def test_of_two_that_cost_the_same_the_one_named_first_comes_first() -> None:
    same = {A: Cost(basis_points=100), B: Cost(basis_points=100)}
    assert order_of(following(cheapest(B, A), costs=same), asking()) == [B, A]
    assert order_of(following(cheapest(D, C)), asking()) == [D, C]


@given(st.dictionaries(st.sampled_from(ALL), any_costs), amounts("EUR", max_minor=10**9))
def test_nobody_who_comes_later_is_known_to_be_cheaper(costs: dict[ProviderName, Cost], amount: Money) -> None:
    order = order_of(following(cheapest(*ALL), costs=costs), asking(amount=amount))
    known = [costs[provider].of(amount) for provider in order if provider in costs]
    assert known == sorted(known)
    assert all(provider in costs for provider in order[: len(known)])


# drawn by percentages


PAYMENTS = 4_000
TOLERANCE = 0.03
"""Over four standard deviations of a share of PAYMENTS draws; the ids are fixed, so that this fails always or never."""


def shares(situation: Situation, *tried: ProviderName) -> dict[ProviderName, float]:
    chosen = Counter(route(situation, asking(number), tried=tried).chosen for number in range(PAYMENTS))
    return {provider: count / PAYMENTS for provider, count in chosen.items() if provider is not None}


@pytest.mark.parametrize(
    "percentages",
    [
        {A: 50, B: 50},
        {A: 70, B: 20, C: 10},
        {C: 1, A: 99},
        {A: 25, B: 25, C: 25, D: 25},
    ],
)
def test_shares_converge_to_the_percentages(percentages: dict[ProviderName, int]) -> None:
    expected = {provider: percentage / 100 for provider, percentage in percentages.items()}
    assert shares(following(split(percentages))) == pytest.approx(expected, abs=TOLERANCE)


def test_those_left_share_what_the_others_would_have_had() -> None:
    situation = following(split({A: 50, B: 30, C: 20}), figures={A: Figures(open_circuit=True)})
    assert shares(situation) == pytest.approx({B: 0.6, C: 0.4}, abs=TOLERANCE)


@pytest.mark.parametrize(
    ("first", "left"), [(A, {B: 0.6, C: 0.4}), (B, {A: 5 / 7, C: 2 / 7}), (C, {A: 0.625, B: 0.375})]
)
def test_those_that_one_provider_refused_are_drawn_again_among_those_left(
    first: ProviderName, left: dict[ProviderName, float]
) -> None:
    situation = following(split({A: 50, B: 30, C: 20}))
    refused = [asking(number) for number in range(PAYMENTS) if route(situation, asking(number)).chosen == first]
    chosen = Counter(route(situation, asked, tried=[first]).chosen for asked in refused)
    assert {provider: count / len(refused) for provider, count in chosen.items()} == pytest.approx(
        left, abs=2 * TOLERANCE
    )


def test_a_draw_after_a_refusal_is_another_one_and_the_same_every_time() -> None:
    situation, asked = following(split({A: 50, B: 50})), asking()
    draws = [route(situation, asked, tried=tried).draw for tried in ([], [A], [A, B])]
    assert draws == [draw_of(asked.payment_id, after=attempts) for attempts in range(3)]
    assert len(set(draws)) == 3


def test_a_share_of_nothing_takes_a_payment_only_when_nobody_else_can() -> None:
    situation = following(split({A: 100, B: 0}))
    assert shares(situation) == {A: 1.0}
    assert shares(situation, A) == {B: 1.0}


@given(payments)
def test_everything_of_one_share_goes_one_way(asked: Asked) -> None:
    assert route(following(split({B: 100})), asked).chosen == B


@given(st.integers(0, 2**128 - 1))
def test_a_draw_is_a_number_of_the_payments_own(number: int) -> None:
    drawn = draw_of(PaymentId(UUID(int=number)))
    assert 0 <= drawn < DRAWS
    assert drawn == draw_of(PaymentId(UUID(int=number)))
    assert route(following(split({A: 50, B: 50})), asking(number)).draw == drawn


def test_draws_are_evenly_spread() -> None:
    tenths = Counter(draw_of(PaymentId(UUID(int=number))) * 10 // DRAWS for number in range(PAYMENTS))
    assert {tenth: count / PAYMENTS for tenth, count in tenths.items()} == pytest.approx(
        dict.fromkeys(range(10), 0.1), abs=TOLERANCE
    )
