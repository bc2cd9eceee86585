"""A complete fee plan prices every payment exactly once: any method in any currency from any region.

A rule is a box over these three axes. Two boxes overlap exactly where they overlap on each axis; gaps between the boxes
are searched by method and region, so that the currencies are never gone through one by one.
"""

from collections.abc import Iterator
from itertools import combinations, product
from typing import Final

from msgspec import Struct

from domain.money.currencies import DECIMALS
from domain.payment.method import MethodType
from domain.terms.fee_plan import DOMESTIC, INTERNATIONAL, UNKNOWN, FeePlan, FeeRule

METHODS: Final = frozenset(MethodType)
CURRENCIES: Final = frozenset(DECIMALS)


class Combination(Struct, frozen=True):
    """One kind of payment that a plan has to price."""

    method: MethodType
    currency: str
    region: str

    def __str__(self) -> str:
        return f"{self.method.value} in {self.currency} from {self.region}"


class Overlap(Struct, frozen=True, kw_only=True):
    """The places of two overlapping rules in the plan, of which `second` is the later, with a payment that both
    price."""

    first: int
    second: int
    both: Combination


def regions_of(plan: FeePlan) -> tuple[str, ...]:
    """Every region that a payment can come from."""
    return (*([DOMESTIC] if plan.home else []), *plan.regions, INTERNATIONAL, UNKNOWN)


def find_overlap(plan: FeePlan) -> Overlap | None:
    """Two rules that are for the same payment, and one such payment."""
    for (first, one), (second, other) in combinations(enumerate(plan.rules), 2):
        methods = _methods(one) & _methods(other)
        currencies = _currencies(one) & _currencies(other)
        regions = _regions(plan, one) & _regions(plan, other)
        if methods and currencies and regions:
            return Overlap(first=first, second=second, both=Combination(min(methods), min(currencies), min(regions)))
    return None


def find_gap(plan: FeePlan) -> Combination | None:
    """A payment without a rule; None where there is a default."""
    return None if plan.default is not None else next(_left_over(plan), None)


def met_by_rule(plan: FeePlan, rule: FeeRule) -> Iterator[Combination]:
    """For each currency of `rule`, one payment that the rule prices."""
    for currency in sorted(_currencies(rule)):
        yield Combination(min(_methods(rule)), currency, min(_regions(plan, rule)))


def met_by_default(plan: FeePlan) -> Iterator[Combination]:
    """For each currency of the default price, one payment that the default prices."""
    return iter({each.currency: each for each in _left_over(plan)}.values())


def rules_of_known_regions(plan: FeePlan) -> Iterator[FeeRule]:
    """The rules that price no payment until a provider says in which country a method was issued."""
    return (rule for rule in plan.rules if UNKNOWN not in _regions(plan, rule))


def _left_over(plan: FeePlan) -> Iterator[Combination]:
    for method, region in product(sorted(METHODS), regions_of(plan)):
        rules = [rule for rule in plan.rules if method in _methods(rule) and region in _regions(plan, rule)]
        for currency in sorted(CURRENCIES.difference(*map(_currencies, rules))):
            yield Combination(method, currency, region)


def _methods(rule: FeeRule) -> frozenset[MethodType]:
    return METHODS if rule.match.methods is None else rule.match.methods


def _currencies(rule: FeeRule) -> frozenset[str]:
    return CURRENCIES if rule.match.currencies is None else rule.match.currencies


def _regions(plan: FeePlan, rule: FeeRule) -> frozenset[str]:
    return frozenset(regions_of(plan)) if rule.match.regions is None else rule.match.regions
