"""A route is a pure choice: by the first rule that holds, of those who can take the payment now."""

from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.identifiers import PaymentId, ProviderName
from domain.payment.method import CardBrand, MethodType, PaymentMethod
from domain.routing.candidate import Candidate, Strategy
from domain.routing.capabilities import Capabilities
from domain.routing.policy import Choice, Cost, Rule
from domain.routing.route import (
    DEFAULT_RULE,
    DRAWS,
    Asked,
    Facts,
    Figures,
    Route,
    Situation,
    draw_of,
    facts_of,
    route,
)
from tests.domain.routing.routes import (
    A,
    B,
    C,
    D,
    asking,
    following,
    order_of,
    payments,
    providers_tried,
    situations,
)
from tests.support.routing import ANYTHING, cheapest, priority, split


def out_of(found: Route) -> dict[ProviderName, str]:
    """Who was out of the running, and why."""
    return {candidate.provider: candidate.out for candidate in found.candidates if candidate.out is not None}


@given(situations, payments, providers_tried)
def test_the_same_input_gives_the_same_route(situation: Situation, asked: Asked, tried: list[ProviderName]) -> None:
    reordered = replace(
        situation,
        capabilities=dict(reversed(list(situation.capabilities.items()))),
        figures=dict(reversed(list(situation.figures.items()))),
    )
    found = route(situation, asked, tried=tried)
    assert found == route(situation, asked, tried=tried) == route(reordered, asked, tried=tried)


@given(situations, payments, providers_tried)
def test_the_route_goes_to_whoever_can_take_it_now_and_to_nobody_else(
    situation: Situation, asked: Asked, tried: list[ProviderName]
) -> None:
    can = {
        provider
        for provider in situation.policy.default.providers
        if situation.capabilities[provider].lacking(asked.amount, asked.method) is None
        and provider not in tried
        and not situation.figures.get(provider, Figures()).open_circuit
    }
    found = route(situation, asked, tried=tried)
    assert {candidate.provider for candidate in found.candidates if candidate.out is None} == can
    assert (found.chosen in can) if can else (found.chosen is None)


@given(situations, payments)
def test_every_provider_there_is_is_among_the_candidates_with_its_figures(situation: Situation, asked: Asked) -> None:
    candidates = route(situation, asked).candidates
    assert [candidate.provider for candidate in candidates] == sorted(situation.capabilities)
    for candidate in candidates:
        cost = situation.policy.costs.get(candidate.provider)
        assert candidate.cost_minor == (None if cost is None else cost.of(asked.amount).minor)
        assert candidate.success_bp == situation.figures.get(candidate.provider, Figures()).success_bp


@given(situations, payments)
def test_trying_one_after_the_other_reaches_everyone_who_can_take_it_once(situation: Situation, asked: Asked) -> None:
    can = {candidate.provider for candidate in route(situation, asked).candidates if candidate.out is None}
    order = order_of(situation, asked)
    assert len(order) == len(set(order))
    assert set(order) == can


@given(situations, payments)
def test_who_is_out_of_the_running_does_not_change_the_order_of_the_others_of_a_ranking(
    situation: Situation, asked: Asked
) -> None:
    assume(situation.policy.default.strategy is not Strategy.SPLIT)
    order = order_of(situation, asked)
    for missing in order:
        dark = replace(situation, figures={**situation.figures, missing: Figures(open_circuit=True)})
        assert order_of(dark, asked) == [provider for provider in order if provider != missing]


# who is out, and why


@pytest.mark.parametrize(
    ("capabilities", "asked", "why"),
    [
        (replace(ANYTHING, methods=frozenset({MethodType.WALLET})), asking(), "does not take card"),
        (replace(ANYTHING, currencies=frozenset({"USD"})), asking(), "does not take EUR"),
        (replace(ANYTHING, countries=frozenset({"IN"})), asking(), "does not take methods of DE"),
        (replace(ANYTHING, brands=frozenset({CardBrand.AMEX})), asking(), "does not take visa"),
    ],
)
def test_who_cannot_take_the_payment_is_no_candidate_whatever_the_policy_says(
    capabilities: Capabilities, asked: Asked, why: str
) -> None:
    found = route(following(priority(A, B), capabilities={A: capabilities}), asked)
    assert out_of(found)[A] == why
    assert found.chosen == B


@pytest.mark.parametrize(
    "capabilities",
    [
        replace(
            ANYTHING, currencies=frozenset({"EUR"}), countries=frozenset({"DE"}), brands=frozenset({CardBrand.VISA})
        ),
        replace(ANYTHING, methods=frozenset({MethodType.CARD})),
    ],
)
def test_who_can_take_just_this_is_a_candidate(capabilities: Capabilities) -> None:
    assert route(following(priority(A), capabilities={A: capabilities}), asking()).chosen == A


def test_a_country_or_brand_that_is_not_known_is_left_to_the_provider_to_refuse() -> None:
    picky = replace(ANYTHING, countries=frozenset({"IN"}), brands=frozenset({CardBrand.AMEX}))
    unknown = asking(method=PaymentMethod(MethodType.CARD, "tok"))
    assert route(following(priority(A), capabilities={A: picky}), unknown).chosen == A


def test_each_one_out_of_the_running_says_why() -> None:
    situation = following(priority(A, B, C), figures={B: Figures(open_circuit=True)})
    found = route(situation, asking(), tried=[A])
    assert out_of(found) == {A: "tried before", B: "circuit open", D: "not in the rule"}
    assert found.chosen == C


def test_what_a_provider_cannot_do_is_said_before_anything_else() -> None:
    cannot = replace(ANYTHING, currencies=frozenset({"USD"}))
    situation = following(priority(B), capabilities={A: cannot}, figures={A: Figures(open_circuit=True)})
    assert out_of(route(situation, asking(), tried=[A]))[A] == "does not take EUR"


def test_where_nobody_is_left_nobody_is_chosen() -> None:
    found = route(following(priority(A, B)), asking(), tried=[A, B])
    assert (found.chosen, found.reason) == (None, f"no provider is left after {A}, {B}")


def test_a_provider_of_the_policy_that_does_not_exist_here_is_passed_over() -> None:
    assert route(following(priority(ProviderName("gone"), B)), asking()).chosen == B


# which rule


def when(name: str, choice: Choice) -> Rule:
    return Rule(name=name, when=name, choice=choice)


def test_the_first_rule_that_holds_wins() -> None:
    situation = following(
        priority(A),
        when("never", priority(B)),
        when("small", priority(C)),
        when("also small", priority(D)),
        holds=lambda condition, _facts: condition.endswith("small"),
    )
    found = route(situation, asking())
    assert (found.rule, found.chosen) == ("small", C)


def test_where_no_rule_holds_the_default_does() -> None:
    found = route(following(priority(A), when("never", priority(B))), asking())
    assert (found.rule, found.chosen) == (DEFAULT_RULE, A)


def test_a_rule_whose_providers_are_all_out_does_not_fall_through_to_the_next() -> None:
    situation = following(priority(A), when("always", priority(B)), holds=lambda _condition, _facts: True)
    found = route(situation, asking(), tried=[B])
    assert (found.rule, found.chosen) == ("always", None)


@given(st.integers(0, 5), st.integers(1, 5))
def test_a_rule_is_found_by_its_place(holding_from: int, rules: int) -> None:
    names = [str(place) for place in range(rules)]
    situation = following(
        priority(A),
        *(when(name, priority(B)) for name in names),
        holds=lambda condition, _facts: int(condition) >= holding_from,
    )
    assert route(situation, asking()).rule == (str(holding_from) if holding_from < rules else DEFAULT_RULE)


def test_a_condition_hears_of_the_payment_and_of_every_provider() -> None:
    heard: list[Facts] = []

    def holds(_condition: str, facts: Facts) -> bool:
        heard.append(facts)
        return True

    situation = following(
        priority(A),
        when("any", priority(A)),
        holds=holds,
        costs={A: Cost(basis_points=290, fixed_minor=30)},
        figures={A: Figures(success_bp=9_630, latency_ms_p95=410, samples=1_204)},
    )
    route(situation, asking())
    unknown = {"cost": -1, "success_bp": -1, "latency_ms_p95": -1, "samples": 0}
    assert heard == [
        {
            "amount": 10_000,
            "currency": "EUR",
            "country": "DE",
            "method": "card",
            "card_brand": "visa",
            "merchant": "mer_acme",
            "providers": {
                A: {"cost": 320, "success_bp": 9_630, "latency_ms_p95": 410, "samples": 1_204},
                B: unknown,
                C: unknown,
                D: unknown,
            },
        }
    ]


def test_what_the_merchant_did_not_say_is_an_empty_string_to_a_condition() -> None:
    facts = facts_of(asking(method=PaymentMethod(MethodType.WALLET, "tok")), [Candidate(provider=A)])
    assert (facts["country"], facts["card_brand"], facts["method"]) == ("", "", "wallet")


# and why


@pytest.mark.parametrize(
    ("choice", "tried", "reason"),
    [
        (priority(A, B), (), "first in order"),
        (priority(A, B), (A,), f"first in order after {A}"),
        (cheapest(A, B), (), "cheapest"),
        (cheapest(A, B, C), (A,), f"first in order after {A}: no cost is known"),
        (split({A: 100}), (), f"drawn by {draw_of(PaymentId(UUID(int=1)))} of {DRAWS}"),
    ],
)
def test_a_route_says_why(choice: Choice, tried: tuple[ProviderName, ...], reason: str) -> None:
    assert route(following(choice, costs={A: Cost(basis_points=1)}), asking(), tried=tried).reason == reason
