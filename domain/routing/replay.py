"""Recorded decisions are made again by another policy, on the figures recorded with them."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from domain.identifiers import ProviderName
from domain.money.money import Money
from domain.payment.events import PaymentRouted
from domain.routing.candidate import Candidate
from domain.routing.policy import RoutingPolicy
from domain.routing.route import (
    CIRCUIT_OPEN,
    NOT_IN_RULE,
    TRIED_BEFORE,
    Asked,
    Facts,
    choose,
)


class Replayed(Struct, frozen=True, kw_only=True):
    """One payment's first decision, as recorded and as the other policy makes it.

    Both costs are by one measure, the other policy's where it has one, so that their difference is the route's. A cost
    is None where no provider was chosen, or the provider's cost is not known.
    """

    amount: Money
    recorded: ProviderName | None
    simulated: ProviderName | None
    recorded_cost_minor: int | None
    simulated_cost_minor: int | None


def is_first(routed: PaymentRouted) -> bool:
    """Whether the decision was on a payment's first attempt."""
    return all(candidate.out != TRIED_BEFORE for candidate in routed.candidates)


def replay(
    policy: RoutingPolicy,
    routed: PaymentRouted,
    asked: Asked,
    holds: Callable[[str, Facts], bool],
) -> Replayed:
    """The decision of `policy` in place of a recorded decision on a first attempt."""
    candidates = [_as_new(candidate, policy, asked.amount) for candidate in routed.candidates]
    open_circuits = {candidate.provider for candidate in routed.candidates if candidate.out == CIRCUIT_OPEN}
    route = choose(policy, asked, candidates, holds=holds, open_circuits=open_circuits)
    costs = {candidate.provider: candidate.cost_minor for candidate in candidates}
    return Replayed(
        amount=asked.amount,
        recorded=routed.chosen,
        simulated=route.chosen,
        recorded_cost_minor=None if routed.chosen is None else costs.get(routed.chosen),
        simulated_cost_minor=None if route.chosen is None else costs.get(route.chosen),
    )


def _as_new(candidate: Candidate, policy: RoutingPolicy, amount: Money) -> Candidate:
    """The candidate before the recorded policy judged it, at the other policy's cost where it names one."""
    cost = policy.costs.get(candidate.provider)
    return replace(
        candidate,
        cost_minor=candidate.cost_minor if cost is None else cost.of(amount).minor,
        out=None if candidate.out in (NOT_IN_RULE, TRIED_BEFORE, CIRCUIT_OPEN) else candidate.out,
    )


class Tally(Struct, kw_only=True):
    """The totals of a replay. `answered` and `approved` count each provider's attempts in the period."""

    payments: int = 0
    moved: int = 0
    recorded: dict[ProviderName | None, int] = {}
    simulated: dict[ProviderName | None, int] = {}
    recorded_cost_minor: dict[str, int] = {}
    simulated_cost_minor: dict[str, int] = {}
    uncosted: int = 0
    """The payments left out of the costs, since one of their two costs is not known."""
    answered: dict[ProviderName, int] = {}
    approved: dict[ProviderName, int] = {}

    def take(self, replayed: Replayed) -> None:
        self.payments += 1
        self.moved += replayed.recorded != replayed.simulated
        _add(self.recorded, replayed.recorded)
        _add(self.simulated, replayed.simulated)
        if replayed.recorded_cost_minor is None or replayed.simulated_cost_minor is None:
            self.uncosted += 1
            return
        _add(self.recorded_cost_minor, replayed.amount.currency, replayed.recorded_cost_minor)
        _add(self.simulated_cost_minor, replayed.amount.currency, replayed.simulated_cost_minor)

    def answer(self, provider: ProviderName, *, approved: bool) -> None:
        _add(self.answered, provider)
        _add(self.approved, provider, int(approved))

    def approval_bp(self, provider: ProviderName) -> int | None:
        """The share of a provider's attempts that it approved in the period; None where it answered none."""
        answered = self.answered.get(provider, 0)
        return self.approved.get(provider, 0) * 10_000 // answered if answered else None

    def expected_approvals(self, chosen: Mapping[ProviderName | None, int]) -> int:
        """The number of payments that the providers would approve at those shares; a provider that answered none in
        the period counts as none."""
        shares = ((count, self.approval_bp(provider)) for provider, count in chosen.items() if provider is not None)
        return sum(count * (share or 0) for count, share in shares) // 10_000


def _add(counts: dict[Any, int], key: Any, more: int = 1) -> None:
    counts[key] = counts.get(key, 0) + more
