"""A routing policy has ordered rules with a condition and a choice, a default, and conditions for another attempt."""

from collections.abc import Mapping

from msgspec import Struct

from domain.identifiers import ProviderName
from domain.money.money import Money, Rounding
from domain.routing.candidate import Strategy


class Cost(Struct, frozen=True, kw_only=True):
    """The expected charge of a provider for a payment: `basis_points` of it, and a fixed sum in minor units of its
    currency.

    The estimate serves to choose by: the real charge comes with the provider's settlement.
    """

    basis_points: int
    fixed_minor: int = 0

    def of(self, amount: Money) -> Money:
        share = amount.portion(basis_points=self.basis_points, rounding=Rounding.HALF_EVEN)
        return share + Money(self.fixed_minor, amount.currency)


class Choice(Struct, frozen=True, kw_only=True):
    """Providers, and the choice among them: in this order, by these `percentages`, or the cheapest first."""

    strategy: Strategy
    providers: tuple[ProviderName, ...]
    percentages: tuple[int, ...] = ()


class Rule(Struct, frozen=True, kw_only=True):
    """`when` is an expression over the facts of the payment and of the providers."""

    name: str
    when: str
    choice: Choice


class Retry(Struct, frozen=True, kw_only=True):
    """The conditions under which a payment that failed at one provider goes to the next: only where certainly no charge
    was made.

    `soft_declines` are the reasons that another provider may see otherwise; any other decline is final.
    """

    soft_declines: frozenset[str]
    attempts_max: int
    total_s_max: int


class RoutingPolicy(Struct, frozen=True, kw_only=True):
    """`version`, such as `cards-eu:7`, names the policy in every event that followed it."""

    version: str
    rules: tuple[Rule, ...]
    default: Choice
    costs: Mapping[ProviderName, Cost]
    retry: Retry
