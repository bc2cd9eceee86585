"""The route of a payment's next attempt is a pure function of the policy, the payment, and the providers' figures."""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, assert_never

from msgspec import Struct
from msgspec.structs import replace

from domain.identifiers import MerchantId, PaymentId, ProviderName
from domain.money.money import Money
from domain.payment.method import PaymentMethod
from domain.routing.candidate import Candidate, Strategy
from domain.routing.capabilities import Capabilities
from domain.routing.policy import Choice, RoutingPolicy

DRAWS = 10_000
DEFAULT_RULE = "default"
NOT_IN_RULE, TRIED_BEFORE, CIRCUIT_OPEN = "not in the rule", "tried before", "circuit open"
"""The reasons that exclude a capable candidate; any other reason is a missing capability."""
Facts = Mapping[str, Any]
"""The facts that a condition can use, by name."""


class Figures(Struct, frozen=True, kw_only=True):
    """A provider's recent figures; `open_circuit` while its authorisations are not tried."""

    success_bp: int | None = None
    latency_ms_p95: int | None = None
    samples: int = 0
    open_circuit: bool = False


class Situation(Struct, frozen=True, kw_only=True):
    """Everything outside the payment that a route depends on. `holds` tells whether a condition is true of facts."""

    policy: RoutingPolicy
    capabilities: Mapping[ProviderName, Capabilities]
    figures: Mapping[ProviderName, Figures]
    holds: Callable[[str, Facts], bool]


class Asked(Struct, frozen=True, kw_only=True):
    """The known facts of the payment that needs a provider."""

    payment_id: PaymentId
    merchant_id: MerchantId
    amount: Money
    method: PaymentMethod


class Route(Struct, frozen=True, kw_only=True):
    """The decision; `chosen` is None where no candidate is left."""

    rule: str
    strategy: Strategy
    draw: int
    candidates: tuple[Candidate, ...]
    chosen: ProviderName | None
    reason: str


def route(situation: Situation, asked: Asked, *, tried: Sequence[ProviderName] = ()) -> Route:
    """The provider for the next attempt, after those `tried`. The same input always gives the same route."""
    candidates = [_candidate(situation, provider, asked) for provider in sorted(situation.capabilities)]
    open_circuits = {provider for provider, figures in situation.figures.items() if figures.open_circuit}
    return choose(situation.policy, asked, candidates, holds=situation.holds, open_circuits=open_circuits, tried=tried)


def choose(
    policy: RoutingPolicy,
    asked: Asked,
    candidates: Sequence[Candidate],
    *,
    holds: Callable[[str, Facts], bool],
    open_circuits: Collection[ProviderName] = (),
    tried: Sequence[ProviderName] = (),
) -> Route:
    """The route among `candidates`, of which only the incapable ones are excluded so far."""
    facts = facts_of(asked, candidates)
    rule, choice = DEFAULT_RULE, policy.default
    for each in policy.rules:
        if holds(each.when, facts):
            rule, choice = each.name, each.choice
            break
    draw = draw_of(asked.payment_id, after=len(tried))
    judged = [_judged(candidate, choice, open_circuits, tried) for candidate in candidates]
    running = {candidate.provider: candidate for candidate in judged if candidate.out is None}
    order = _order(choice, running, draw)
    chosen = order[0] if order else None
    return Route(
        rule=rule,
        strategy=choice.strategy,
        draw=draw,
        candidates=tuple(judged),
        chosen=chosen,
        reason=_reason(choice.strategy, chosen, running, draw, tried),
    )


def draw_of(payment_id: PaymentId, *, after: int = 0) -> int:
    """A payment's number below DRAWS, evenly spread, and the same whenever and wherever it is drawn.

    With each attempt `after` the first it is another one: payments that one provider refused have numbers close
    together, and would otherwise all go to the same next provider.
    """
    return int.from_bytes(hashlib.sha256(payment_id.bytes + bytes(after)).digest()[:8]) % DRAWS


def facts_of(asked: Asked, candidates: Sequence[Candidate]) -> Facts:
    """The facts that conditions use. An unknown fact is an empty string, and -1 among the figures."""
    return {
        "amount": asked.amount.minor,
        "currency": asked.amount.currency,
        "country": asked.method.country or "",
        "method": str(asked.method.type),
        "card_brand": str(asked.method.brand or ""),
        "merchant": asked.merchant_id,
        "providers": {
            candidate.provider: {
                "cost": _known(candidate.cost_minor),
                "success_bp": _known(candidate.success_bp),
                "latency_ms_p95": _known(candidate.latency_ms_p95),
                "samples": candidate.samples,
            }
            for candidate in candidates
        },
    }


def _known(figure: int | None) -> int:
    return -1 if figure is None else figure


def _candidate(situation: Situation, provider: ProviderName, asked: Asked) -> Candidate:
    cost = situation.policy.costs.get(provider)
    figures = situation.figures.get(provider, Figures())
    return Candidate(
        provider=provider,
        cost_minor=None if cost is None else cost.of(asked.amount).minor,
        success_bp=figures.success_bp,
        latency_ms_p95=figures.latency_ms_p95,
        samples=figures.samples,
        out=situation.capabilities[provider].lacking(asked.amount, asked.method),
    )


def _judged(
    candidate: Candidate, choice: Choice, open_circuits: Collection[ProviderName], tried: Sequence[ProviderName]
) -> Candidate:
    """The candidate with the first reason that excludes it, if any.

    The rule is checked last, so that reasons independent of the rule are given even for providers that the rule does
    not name.
    """
    if candidate.out is not None:
        return candidate
    if candidate.provider in tried:
        out = TRIED_BEFORE
    elif candidate.provider in open_circuits:
        out = CIRCUIT_OPEN
    elif candidate.provider not in choice.providers:
        out = NOT_IN_RULE
    else:
        return candidate
    return replace(candidate, out=out)


def _order(choice: Choice, running: Mapping[ProviderName, Candidate], draw: int) -> list[ProviderName]:
    """The candidates that are not excluded, in the order in which they are asked."""
    named = [provider for provider in choice.providers if provider in running]
    match choice.strategy:
        case Strategy.PRIORITY:
            return named
        case Strategy.CHEAPEST:
            # Who costs nobody knows what comes last; of two that cost the same, the one named first.
            return sorted(
                named, key=lambda provider: (running[provider].cost_minor is None, running[provider].cost_minor or 0)
            )
        case Strategy.SPLIT:
            return _drawn(choice, named, draw)
        case _:
            assert_never(choice.strategy)


def _drawn(choice: Choice, named: Sequence[ProviderName], draw: int) -> list[ProviderName]:
    """The one that the draw falls on, by the percentages of those in the running, and then the others as named."""
    weights = {
        provider: weight
        for provider, weight in zip(choice.providers, choice.percentages, strict=True)
        if provider in named and weight > 0
    }
    point = draw * sum(weights.values())
    for provider, weight in weights.items():
        point -= weight * DRAWS
        if point < 0:
            return [provider, *(other for other in named if other != provider)]
    return list(named)


def _reason(
    strategy: Strategy,
    chosen: ProviderName | None,
    running: Mapping[ProviderName, Candidate],
    draw: int,
    tried: Sequence[ProviderName],
) -> str:
    behind = f" after {', '.join(tried)}" if tried else ""
    if chosen is None:
        return f"no provider is left{behind}"
    match strategy:
        case Strategy.PRIORITY:
            return f"first in order{behind}"
        case Strategy.SPLIT:
            return f"drawn by {draw} of {DRAWS}{behind}"
        case Strategy.CHEAPEST:
            cost = running[chosen].cost_minor
            return f"cheapest{behind}" if cost is not None else f"first in order{behind}: no cost is known"
        case _:
            assert_never(strategy)
