"""What a merchant is charged: one rule of a plan prices each payment; a fee is rounded once and at most the amount."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, assert_never

from msgspec import Struct

from domain.errors import DomainError
from domain.money import CurrencyMismatch, Money, Rounding, zero
from domain.payment.method import MethodType, PaymentMethod
from domain.terms.amounts import Amounts, in_currency
from domain.terms.fee import Fee, FeeKind

DEFAULT_RULE: Final = "default"
DOMESTIC, INTERNATIONAL, UNKNOWN = "domestic", "international", "unknown"
"""The regions that every plan has: its home countries, countries in none of its regions, and no known country."""

_TEN_THOUSANDTHS: Final = 10_000


class FeeNotAgreed(DomainError):
    """The plan has no price for this. It was without gaps when it was added: a method or currency is new since."""

    plan: str
    method: str
    currency: str
    region: str


class OtherPlan(DomainError):
    """A fee is trued up by the version of the plan that it was charged by, and by no other."""

    charged_by: str
    plan: str


class Blended(Struct, frozen=True, kw_only=True):
    """`basis_points` of the amount plus a fixed sum, at least a minimum and at most a maximum."""

    basis_points: int
    fixed_minor: Amounts = {}
    minimum_minor: Amounts = {}
    maximum_minor: Amounts = {}

    @property
    def sums(self) -> Mapping[str, Amounts]:
        """What is agreed in minor units, by its name in a document."""
        return {
            "fixed_minor": self.fixed_minor,
            "minimum_minor": self.minimum_minor,
            "maximum_minor": self.maximum_minor,
        }


class InterchangePlus(Struct, frozen=True, kw_only=True):
    """What the card costs us, plus our mark-up. Interchange is an estimate until the provider settles."""

    interchange_basis_points: int
    scheme_basis_points: int
    scheme_fixed_minor: Amounts = {}
    markup_basis_points: int
    markup_fixed_minor: Amounts = {}

    @property
    def sums(self) -> Mapping[str, Amounts]:
        """What is agreed in minor units, by its name in a document."""
        return {"scheme_fixed_minor": self.scheme_fixed_minor, "markup_fixed_minor": self.markup_fixed_minor}


Price = Blended | InterchangePlus


class Match(Struct, frozen=True, kw_only=True):
    """What a rule is for; None stands for all of them."""

    methods: frozenset[MethodType] | None = None
    currencies: frozenset[str] | None = None
    regions: frozenset[str] | None = None

    def holds(self, method: MethodType, currency: str, region: str) -> bool:
        return (
            (self.methods is None or method in self.methods)
            and (self.currencies is None or currency in self.currencies)
            and (self.regions is None or region in self.regions)
        )


class FeeRule(Struct, frozen=True, kw_only=True):
    name: str
    match: Match
    price: Price


class FeePlan(Struct, frozen=True, kw_only=True):
    """`rules` do not overlap; `default` prices what none of them is for.

    `home` are the countries that are domestic, even where a region has them too. `refund` and `dispute` are charged
    for each refund and dispute, in the currencies they name.
    """

    version: str
    home: frozenset[str] = frozenset()
    regions: Mapping[str, frozenset[str]] = {}
    rules: tuple[FeeRule, ...] = ()
    default: Price | None = None
    refund: Amounts = {}
    dispute: Amounts = {}
    rounding: Rounding = Rounding.HALF_EVEN

    def region_of(self, country: str | None) -> str:
        """The region of a method that was issued in `country`."""
        if country is None:
            return UNKNOWN
        if country in self.home:
            return DOMESTIC
        return next((name for name, countries in self.regions.items() if country in countries), INTERNATIONAL)

    def rule_for(self, currency: str, method: PaymentMethod) -> FeeRule:
        """The one rule that prices a payment. Raises FeeNotAgreed."""
        region = self.region_of(method.country)
        for rule in self.rules:
            if rule.match.holds(method.type, currency, region):
                return self._priced_in(currency, rule, method)
        if self.default is None:
            raise self._not_agreed(currency, method)
        return self._priced_in(currency, FeeRule(name=DEFAULT_RULE, match=Match(), price=self.default), method)

    def _priced_in(self, currency: str, rule: FeeRule, method: PaymentMethod) -> FeeRule:
        if any(amounts and in_currency(amounts, currency) is None for amounts in rule.price.sums.values()):
            raise self._not_agreed(currency, method)
        return rule

    def _not_agreed(self, currency: str, method: PaymentMethod) -> FeeNotAgreed:
        region = self.region_of(method.country)
        return FeeNotAgreed(plan=self.version, method=method.type.value, currency=currency, region=region)


class FeePart(StrEnum):
    BLENDED = "blended"
    """All of it: a blended fee has no parts."""
    INTERCHANGE = "interchange"
    SCHEME = "scheme"
    MARKUP = "markup"


class FeeLine(Struct, frozen=True):
    part: FeePart
    amount: Money


def processing_fee(plan: FeePlan, amount: Money, method: PaymentMethod) -> Fee:
    """What a capture of `amount` is charged. Raises FeeNotAgreed."""
    rule = plan.rule_for(amount.currency, method)
    exact = sum(_exact_parts(rule.price, amount).values())
    return Fee(
        kind=FeeKind.PROCESSING,
        amount=_charged(plan, rule.price, amount, exact),
        plan=plan.version,
        rule=rule.name,
        estimate=isinstance(rule.price, InterchangePlus),
    )


def fee_lines(plan: FeePlan, amount: Money, method: PaymentMethod) -> tuple[FeeLine, ...]:
    """The parts of that fee, which sum exactly to it. Raises FeeNotAgreed."""
    exact = _exact_parts(plan.rule_for(amount.currency, method).price, amount)
    fee = processing_fee(plan, amount, method).amount
    weights = list(exact.values())
    if max(weights) == 0:  # No proportions: nothing is charged, or a blended minimum.
        weights = [1, *[0] * (len(weights) - 1)]
    return tuple(FeeLine(part, share) for part, share in zip(exact, fee.split(weights), strict=True))


def refund_fee(plan: FeePlan, currency: str) -> Fee | None:
    """What a refund in `currency` is charged; None when nothing is."""
    return _flat(plan, FeeKind.REFUND, plan.refund, currency)


def dispute_fee(plan: FeePlan, currency: str) -> Fee | None:
    """What a dispute in `currency` is charged; None when nothing is."""
    return _flat(plan, FeeKind.DISPUTE, plan.dispute, currency)


def true_up(plan: FeePlan, charged: Fee, amount: Money, method: PaymentMethod, actual_cost: Money) -> Money:
    """What is still to be charged on `amount` (negative: given back), now that interchange and scheme are known to have
    cost `actual_cost`. Nothing where the price is blended.

    The fee stays between nothing and the amount. Raises OtherPlan, FeeNotAgreed, CurrencyMismatch.
    """
    if charged.plan != plan.version:
        raise OtherPlan(charged_by=charged.plan, plan=plan.version)
    if actual_cost.currency != amount.currency:
        raise CurrencyMismatch(expected=amount.currency, actual=actual_cost.currency)
    price = plan.rule_for(amount.currency, method).price
    match price:
        case Blended():
            return zero(amount.currency)
        case InterchangePlus():
            exact = actual_cost.minor * _TEN_THOUSANDTHS + _exact_parts(price, amount)[FeePart.MARKUP]
            return _charged(plan, price, amount, exact) - charged.amount
        case _:
            assert_never(price)


def _exact_parts(price: Price, amount: Money) -> Mapping[FeePart, int]:
    """In ten-thousandths of a minor unit, so that nothing is rounded yet."""

    def part(basis_points: int, fixed: Amounts) -> int:
        return amount.minor * basis_points + (in_currency(fixed, amount.currency) or 0) * _TEN_THOUSANDTHS

    match price:
        case Blended():
            return {FeePart.BLENDED: part(price.basis_points, price.fixed_minor)}
        case InterchangePlus():
            return {
                FeePart.INTERCHANGE: part(price.interchange_basis_points, {}),
                FeePart.SCHEME: part(price.scheme_basis_points, price.scheme_fixed_minor),
                FeePart.MARKUP: part(price.markup_basis_points, price.markup_fixed_minor),
            }
        case _:
            assert_never(price)


def _charged(plan: FeePlan, price: Price, amount: Money, exact: int) -> Money:
    """`exact` ten-thousandths of a minor unit, rounded once and kept within its bounds."""
    fee = Money(exact, amount.currency).portion(basis_points=1, rounding=plan.rounding)
    if isinstance(price, Blended):
        minimum = in_currency(price.minimum_minor, amount.currency)
        maximum = in_currency(price.maximum_minor, amount.currency)
        fee = fee if minimum is None else max(fee, Money(minimum, amount.currency))
        fee = fee if maximum is None else min(fee, Money(maximum, amount.currency))
    return max(min(fee, amount), zero(amount.currency))


def _flat(plan: FeePlan, kind: FeeKind, amounts: Amounts, currency: str) -> Fee | None:
    minor = in_currency(amounts, currency)
    return Fee(kind=kind, amount=Money(minor, currency), plan=plan.version, rule=kind.value) if minor else None
