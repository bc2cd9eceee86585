"""Policies and situations for tests, around three providers; and routing that a test sets."""

from collections.abc import Callable, Collection, Mapping, Sequence
from uuid import UUID

from domain.identifiers import MerchantId, PaymentId, ProviderName
from domain.money.money import Money
from domain.payment.method import MethodType, PaymentMethod
from domain.routing.candidate import Strategy
from domain.routing.capabilities import Capabilities
from domain.routing.policy import Choice, Cost, Retry, RoutingPolicy, Rule
from domain.routing.route import Asked, Facts, Figures, Situation

NORTH, SOUTH, WEST = (ProviderName(name) for name in ("north", "south", "west"))
SIMULATOR = ProviderName("simulator")
TRY_AGAIN = "try_again_later"
PROVIDERS = (NORTH, SOUTH, WEST)
ANYTHING = Capabilities(methods=frozenset(MethodType))
CARD, HUNDRED = PaymentMethod(MethodType.CARD, "tok_visa"), Money(10_000, "EUR")
RETRY = Retry(soft_declines=frozenset({TRY_AGAIN}), attempts_max=3, total_s_max=30)

POLICY_TEXT = """{"name": "cards-eu",
 "costs": {"north": {"basis_points": 120, "fixed_minor": 10},
           "south": {"basis_points": 90}},
 "rules": [
   {"name": "upi", "when": "method == 'upi_collect' && country == 'IN'", "priority": ["south", "west"]},
   {"name": "large", "when": "amount >= 100000 && providers['north'].success_bp > 9000",
    "split": {"north": 70, "south": 30}},
   {"name": "rest", "when": "currency == 'EUR'", "cheapest": ["north", "south"]}
 ],
 "default": {"priority": ["north", "south"]},
 "retry": {"soft_declines": ["try_again_later", "do_not_honor"],
           "attempts_max": 3, "total_s_max": 30}}
"""


def priority(*providers: ProviderName) -> Choice:
    return Choice(strategy=Strategy.PRIORITY, providers=providers)


def cheapest(*providers: ProviderName) -> Choice:
    return Choice(strategy=Strategy.CHEAPEST, providers=providers)


def split(percentages: Mapping[ProviderName, int]) -> Choice:
    return Choice(strategy=Strategy.SPLIT, providers=tuple(percentages), percentages=tuple(percentages.values()))


def policy(
    default: Choice, *, rules: Sequence[Rule] = (), costs: Mapping[ProviderName, Cost] | None = None
) -> RoutingPolicy:
    return RoutingPolicy(version="test:1", rules=tuple(rules), default=default, costs=costs or {}, retry=RETRY)


def always_or_never(when: str, _facts: Facts) -> bool:
    """The conditions of tests are the words “always” and “never”."""
    return {"always": True, "never": False}[when]


def situation(
    policy: RoutingPolicy,
    *,
    providers: Collection[ProviderName] = PROVIDERS,
    figures: Mapping[ProviderName, Figures] | None = None,
    capabilities: Mapping[ProviderName, Capabilities] | None = None,
    holds: Callable[[str, Facts], bool] = always_or_never,
) -> Situation:
    able = dict.fromkeys(providers, ANYTHING) | dict(capabilities or {})
    return Situation(policy=policy, capabilities=able, figures=figures or {}, holds=holds)


def asked(
    payment: int = 1,
    *,
    amount: Money = HUNDRED,
    method: PaymentMethod = CARD,
) -> Asked:
    return Asked(
        payment_id=PaymentId(UUID(int=payment)), merchant_id=MerchantId("mer_acme"), amount=amount, method=method
    )


class InOrder:
    """Implements application.provider.routing_port.Routing."""

    def __init__(self, *providers: ProviderName, attempts_max: int = 3, total_s_max: int = 30) -> None:
        self.open_circuits: Collection[ProviderName] = ()
        self._providers: Sequence[ProviderName] = providers or (SIMULATOR,)
        self._policy = RoutingPolicy(
            version="in-order:1",
            rules=(),
            default=priority(*self._providers),
            costs={},
            retry=Retry(soft_declines=frozenset({TRY_AGAIN}), attempts_max=attempts_max, total_s_max=total_s_max),
        )

    def situation(self) -> Situation:
        return Situation(
            policy=self._policy,
            capabilities=dict.fromkeys(self._providers, ANYTHING),
            figures={provider: Figures(open_circuit=provider in self.open_circuits) for provider in self._providers},
            holds=lambda _condition, _facts: False,
        )
