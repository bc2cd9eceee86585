"""A routing policy: ordered rules, each with a condition and a way to choose; then a default; and when to try again."""

from collections.abc import Mapping

from msgspec import Struct

from domain.identifiers import ProviderName
from domain.money.money import Money, Rounding
from domain.routing.candidate import Strategy


class Cost(Struct, frozen=True, kw_only=True):
    """What a provider is expected to charge us for a payment: `basis_points` of it, and a fixed sum in minor units of
    its currency. An estimate to choose by: what it really charges comes with its settlement."""

    basis_points: int
    fixed_minor: int = 0

    def of(self, amount: Money) -> Money:
        share = amount.portion(basis_points=self.basis_points, rounding=Rounding.HALF_EVEN)
        return share + Money(self.fixed_minor, amount.currency)


class Choice(Struct, frozen=True, kw_only=True):
    """Providers, and how to choose among them: in this order, by these `percentages`, or the cheapest first."""

    strategy: Strategy
    providers: tuple[ProviderName, ...]
    percentages: tuple[int, ...] = ()


class Rule(Struct, frozen=True, kw_only=True):
    """`when` is an expression over what is known of the payment and of the providers."""

    name: str
    when: str
    choice: Choice


class Retry(Struct, frozen=True, kw_only=True):
    """When a payment that failed at one provider goes on to the next: only after what certainly was no charge.

    `soft_declines` are the reasons that another provider may see otherwise; any other decline is final.
    """

    soft_declines: frozenset[str]
    attempts_max: int
    total_s_max: int


class RoutingPolicy(Struct, frozen=True, kw_only=True):
    """`version` names it in every event that followed it, such as `cards-eu:7`."""

    version: str
    rules: tuple[Rule, ...]
    default: Choice
    costs: Mapping[ProviderName, Cost]
    retry: Retry
