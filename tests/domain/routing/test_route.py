"""A route is a pure choice: by the first rule that holds, of those who can take the payment now."""

from collections import Counter
from collections.abc import Callable, Mapping
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.identifiers import MerchantId, PaymentId, ProviderName
from domain.money import Money
from domain.payment.method import CardBrand, MethodType, PaymentMethod
from domain.routing.candidate import Candidate, Strategy
from domain.routing.capabilities import Capabilities
from domain.routing.policy import Choice, Cost, Retry, RoutingPolicy, Rule
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
from tests.support.domain import amounts

A, B, C, D = (ProviderName(name) for name in ("abank", "bbank", "cbank", "dbank"))
ALL = (A, B, C, D)
ANYTHING = Capabilities(methods=frozenset(MethodType))
CARD = PaymentMethod(MethodType.CARD, "tok_visa", brand=CardBrand.VISA, country="DE")
EUR_100 = Money(10_000, "EUR")


def asking(number: int = 1, amount: Money = EUR_100, method: PaymentMethod = CARD) -> Asked:
    return Asked(
        payment_id=PaymentId(UUID(int=number)), merchant_id=MerchantId("mer_acme"), amount=amount, method=method
    )


def in_order(*providers: ProviderName) -> Choice:
    return Choice(strategy=Strategy.PRIORITY, providers=providers)


def cheapest(*providers: ProviderName) -> Choice:
    return Choice(strategy=Strategy.CHEAPEST, providers=providers)


def split(**percentages: int) -> Choice:
    return Choice(
        strategy=Strategy.SPLIT,
        providers=tuple(map(ProviderName, percentages)),
        percentages=tuple(percentages.values()),
    )


def following(
    default: Choice,
    *rules: Rule,
    costs: Mapping[ProviderName, Cost] | None = None,
    capabilities: Mapping[ProviderName, Capabilities] | None = None,
    figures: Mapping[ProviderName, Figures] | None = None,
    holds: Callable[[str, Facts], bool] = lambda _when, _facts: False,
) -> Situation:
    """ALL can take anything, but for what is said of some."""
    return Situation(
        policy=RoutingPolicy(
            version="any:1",
            rules=rules,
            default=default,
            costs=costs or {},
            retry=Retry(soft_declines=frozenset(), attempts_max=3, total_s_max=30),
        ),
        capabilities={**dict.fromkeys(ALL, ANYTHING), **(capabilities or {})},
        figures=figures or {},
        holds=holds,
    )


def out_of(found: Route) -> dict[ProviderName, str]:
    """Who was out of the running, and why."""
    return {candidate.provider: candidate.out for candidate in found.candidates if candidate.out is not None}


def order_of(situation: Situation, asked: Asked) -> list[ProviderName]:
    """Whom the payment goes to first, second, … while each one in turn cannot take it."""
    tried: list[ProviderName] = []
    while (chosen := route(situation, asked, tried=tried).chosen) is not None:
        tried.append(chosen)
    return tried


# for any situation


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    providers = tuple(draw(st.lists(st.sampled_from(ALL), min_size=1, max_size=4, unique=True)))
    strategy = draw(st.sampled_from(Strategy))
    if strategy is not Strategy.SPLIT:
        return Choice(strategy=strategy, providers=providers)
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=len(providers) - 1, max_size=len(providers) - 1)))
    ends = zip([0, *cuts], [*cuts, 100], strict=True)
    return Choice(strategy=strategy, providers=providers, percentages=tuple(end - start for start, end in ends))


any_costs = st.builds(Cost, basis_points=st.integers(0, 500), fixed_minor=st.integers(0, 50))
any_capabilities = st.builds(
    Capabilities,
    methods=st.frozensets(st.sampled_from(MethodType), min_size=1),
    currencies=st.none() | st.just(frozenset({"EUR"})),
    countries=st.none() | st.just(frozenset({"DE"})),
    brands=st.none() | st.just(frozenset({CardBrand.VISA})),
)
any_figures = st.builds(Figures, success_bp=st.none() | st.integers(0, 10_000), open_circuit=st.booleans())
situations = st.builds(
    following,
    choices(),
    costs=st.dictionaries(st.sampled_from(ALL), any_costs),
    capabilities=st.dictionaries(st.sampled_from(ALL), any_capabilities),
    figures=st.dictionaries(st.sampled_from(ALL), any_figures),
)
payments = st.builds(
    asking,
    st.integers(0, 2**128 - 1),
    amounts(max_minor=10**9),
    st.builds(
        PaymentMethod,
        st.sampled_from(MethodType),
        st.just("tok"),
        brand=st.none() | st.sampled_from([CardBrand.VISA, CardBrand.AMEX]),
        country=st.none() | st.sampled_from(["DE", "IN"]),
    ),
)
providers_tried = st.lists(st.sampled_from(ALL), unique=True)


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
    found = route(following(in_order(A, B), capabilities={A: capabilities}), asked)
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
    assert route(following(in_order(A), capabilities={A: capabilities}), asking()).chosen == A


def test_a_country_or_brand_that_is_not_known_is_left_to_the_provider_to_refuse() -> None:
    picky = replace(ANYTHING, countries=frozenset({"IN"}), brands=frozenset({CardBrand.AMEX}))
    unknown = asking(method=PaymentMethod(MethodType.CARD, "tok"))
    assert route(following(in_order(A), capabilities={A: picky}), unknown).chosen == A


def test_each_one_out_of_the_running_says_why() -> None:
    situation = following(in_order(A, B, C), figures={B: Figures(open_circuit=True)})
    found = route(situation, asking(), tried=[A])
    assert out_of(found) == {A: "tried before", B: "circuit open", D: "not in the rule"}
    assert found.chosen == C


def test_what_a_provider_cannot_do_is_said_before_anything_else() -> None:
    cannot = replace(ANYTHING, currencies=frozenset({"USD"}))
    situation = following(in_order(B), capabilities={A: cannot}, figures={A: Figures(open_circuit=True)})
    assert out_of(route(situation, asking(), tried=[A]))[A] == "does not take EUR"


def test_where_nobody_is_left_nobody_is_chosen() -> None:
    found = route(following(in_order(A, B)), asking(), tried=[A, B])
    assert (found.chosen, found.reason) == (None, f"no provider is left after {A}, {B}")


def test_a_provider_of_the_policy_that_does_not_exist_here_is_passed_over() -> None:
    assert route(following(in_order(ProviderName("gone"), B)), asking()).chosen == B


# which rule


def when(name: str, choice: Choice) -> Rule:
    return Rule(name=name, when=name, choice=choice)


def test_the_first_rule_that_holds_wins() -> None:
    situation = following(
        in_order(A),
        when("never", in_order(B)),
        when("small", in_order(C)),
        when("also small", in_order(D)),
        holds=lambda condition, _facts: condition.endswith("small"),
    )
    found = route(situation, asking())
    assert (found.rule, found.chosen) == ("small", C)


def test_where_no_rule_holds_the_default_does() -> None:
    found = route(following(in_order(A), when("never", in_order(B))), asking())
    assert (found.rule, found.chosen) == (DEFAULT_RULE, A)


def test_a_rule_whose_providers_are_all_out_does_not_fall_through_to_the_next() -> None:
    situation = following(in_order(A), when("always", in_order(B)), holds=lambda _condition, _facts: True)
    found = route(situation, asking(), tried=[B])
    assert (found.rule, found.chosen) == ("always", None)


@given(st.integers(0, 5), st.integers(1, 5))
def test_a_rule_is_found_by_its_place(holding_from: int, rules: int) -> None:
    names = [str(place) for place in range(rules)]
    situation = following(
        in_order(A),
        *(when(name, in_order(B)) for name in names),
        holds=lambda condition, _facts: int(condition) >= holding_from,
    )
    assert route(situation, asking()).rule == (str(holding_from) if holding_from < rules else DEFAULT_RULE)


def test_a_condition_hears_of_the_payment_and_of_every_provider() -> None:
    heard: list[Facts] = []

    def holds(_condition: str, facts: Facts) -> bool:
        heard.append(facts)
        return True

    situation = following(
        in_order(A),
        when("any", in_order(A)),
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


# in which order


def test_priority_is_the_order_that_the_rule_names() -> None:
    assert order_of(following(in_order(C, A, B)), asking()) == [C, A, B]


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
        {"abank": 50, "bbank": 50},
        {"abank": 70, "bbank": 20, "cbank": 10},
        {"cbank": 1, "abank": 99},
        {"abank": 25, "bbank": 25, "cbank": 25, "dbank": 25},
    ],
)
def test_shares_converge_to_the_percentages(percentages: dict[str, int]) -> None:
    expected = {ProviderName(name): percentage / 100 for name, percentage in percentages.items()}
    assert shares(following(split(**percentages))) == pytest.approx(expected, abs=TOLERANCE)


def test_those_left_share_what_the_others_would_have_had() -> None:
    situation = following(split(abank=50, bbank=30, cbank=20), figures={A: Figures(open_circuit=True)})
    assert shares(situation) == pytest.approx({B: 0.6, C: 0.4}, abs=TOLERANCE)


def test_a_payment_that_was_refused_is_drawn_again_among_those_left() -> None:
    assert shares(following(split(abank=50, bbank=30, cbank=20)), A) == pytest.approx({B: 0.6, C: 0.4}, abs=TOLERANCE)


def test_a_share_of_nothing_takes_a_payment_only_when_nobody_else_can() -> None:
    situation = following(split(abank=100, bbank=0))
    assert shares(situation) == {A: 1.0}
    assert shares(situation, A) == {B: 1.0}


@given(payments)
def test_everything_of_one_share_goes_one_way(asked: Asked) -> None:
    assert route(following(split(bbank=100)), asked).chosen == B


@given(st.integers(0, 2**128 - 1))
def test_a_draw_is_a_number_of_the_payments_own(number: int) -> None:
    drawn = draw_of(PaymentId(UUID(int=number)))
    assert 0 <= drawn < DRAWS
    assert drawn == draw_of(PaymentId(UUID(int=number)))
    assert route(following(split(abank=50, bbank=50)), asking(number)).draw == drawn


def test_draws_are_evenly_spread() -> None:
    tenths = Counter(draw_of(PaymentId(UUID(int=number))) * 10 // DRAWS for number in range(PAYMENTS))
    assert {tenth: count / PAYMENTS for tenth, count in tenths.items()} == pytest.approx(
        dict.fromkeys(range(10), 0.1), abs=TOLERANCE
    )


# and why


@pytest.mark.parametrize(
    ("choice", "tried", "reason"),
    [
        (in_order(A, B), (), "first in order"),
        (in_order(A, B), (A,), f"first in order after {A}"),
        (cheapest(A, B), (), "cheapest"),
        (cheapest(A, B, C), (A,), f"first in order after {A}: no cost is known"),
        (split(abank=100), (), f"drawn by {draw_of(PaymentId(UUID(int=1)))} of {DRAWS}"),
    ],
)
def test_a_route_says_why(choice: Choice, tried: tuple[ProviderName, ...], reason: str) -> None:
    assert route(following(choice, costs={A: Cost(basis_points=1)}), asking(), tried=tried).reason == reason
