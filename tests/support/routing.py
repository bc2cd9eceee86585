"""Routing that a test sets: the providers in order, as long as their circuits are closed."""

from collections.abc import Collection, Sequence

from domain.identifiers import ProviderName
from domain.payment.method import MethodType
from domain.routing.candidate import Strategy
from domain.routing.capabilities import Capabilities
from domain.routing.policy import Choice, Retry, RoutingPolicy
from domain.routing.route import Figures, Situation

SIMULATOR = ProviderName("simulator")
TRY_AGAIN = "try_again_later"


class InOrder:
    """Implements application.routing.Routing."""

    def __init__(self, *providers: ProviderName, attempts_max: int = 3, total_s_max: int = 30) -> None:
        self.open_circuits: Collection[ProviderName] = ()
        self._providers: Sequence[ProviderName] = providers or (SIMULATOR,)
        self._policy = RoutingPolicy(
            version="in-order:1",
            rules=(),
            default=Choice(strategy=Strategy.PRIORITY, providers=tuple(self._providers)),
            costs={},
            retry=Retry(soft_declines=frozenset({TRY_AGAIN}), attempts_max=attempts_max, total_s_max=total_s_max),
        )

    def situation(self) -> Situation:
        return Situation(
            policy=self._policy,
            capabilities=dict.fromkeys(self._providers, Capabilities(methods=frozenset(MethodType))),
            figures={provider: Figures(open_circuit=provider in self.open_circuits) for provider in self._providers},
            holds=lambda _condition, _facts: False,
        )
