"""One rule of a fee plan prices each payment, and a fee is rounded once and at most the amount.

No statement of the merchant on a payment method changes its price: the region is that of the country in which the
provider says the method was issued, and `unknown` where the provider has not said.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final, assert_never

from msgspec import Struct

from domain.errors import DomainError
from domain.money.money import Money, Rounding, rounded_quotient, zero
from domain.payment.method import MethodType
from domain.terms.amounts import Amounts, in_currency
from domain.terms.fee import Fee, FeeKind

DEFAULT_RULE: Final = "default"
DOMESTIC, INTERNATIONAL, UNKNOWN = "domestic", "international", "unknown"
"""The regions that every plan has: its home countries, countries in none of its regions, and no known country."""

_TEN_THOUSANDTHS: Final = 10_000


class FeeNotAgreed(DomainError):
    """The plan has no price for this payment. The plan was complete when it was added: a method or currency is new
    since."""

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
        """The agreed sums in minor units, by their names in a document."""
        return {
            "fixed_minor": self.fixed_minor,
            "minimum_minor": self.minimum_minor,
            "maximum_minor": self.maximum_minor,
        }


class InterchangePlus(Struct, frozen=True, kw_only=True):
    """The cost of the card to us plus our mark-up, and at least a minimum. Interchange is an estimate until the
    provider settles."""

    interchange_basis_points: int
    scheme_basis_points: int
    scheme_fixed_minor: Amounts = {}
    markup_basis_points: int
    markup_fixed_minor: Amounts = {}
    minimum_minor: Amounts = {}

    @property
    def sums(self) -> Mapping[str, Amounts]:
        """The agreed sums in minor units, by their names in a document."""
        return {
            "scheme_fixed_minor": self.scheme_fixed_minor,
            "markup_fixed_minor": self.markup_fixed_minor,
            "minimum_minor": self.minimum_minor,
        }


Price = Blended | InterchangePlus


class Match(Struct, frozen=True, kw_only=True):
    """The payments that a rule prices; None stands for all values."""

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
    """`rules` do not overlap; `default` prices the payments without a rule.

    `home` are the domestic countries, even where a region lists them too. `refund` and `dispute` are charged for each
    refund and dispute, in the currencies they name.
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

    def rule_for(self, currency: str, method: MethodType, issued_in: str | None) -> FeeRule:
        """The one rule that prices a payment by `method`, issued in the country `issued_in`. Raises FeeNotAgreed."""
        region = self.region_of(issued_in)
        for rule in (*self.rules, *self._default_rule):
            if rule.match.holds(method, currency, region):
                if all(in_currency(sums, currency) is not None for sums in rule.price.sums.values() if sums):
                    return rule
                break
        raise FeeNotAgreed(plan=self.version, method=method.value, currency=currency, region=region)

    def rule_called(self, name: str) -> FeeRule | None:
        return next((rule for rule in (*self.rules, *self._default_rule) if rule.name == name), None)

    @property
    def _default_rule(self) -> tuple[FeeRule, ...]:
        """The default as a rule for everything."""
        return () if self.default is None else (FeeRule(name=DEFAULT_RULE, match=Match(), price=self.default),)


def processing_fee(plan: FeePlan, amount: Money, method: MethodType, issued_in: str | None) -> Fee:
    """The fee on a capture of `amount`. Raises FeeNotAgreed."""
    rule = plan.rule_for(amount.currency, method, issued_in)
    return Fee(
        kind=FeeKind.PROCESSING,
        amount=charged_by(rule.price, amount, plan.rounding),
        plan=plan.version,
        rule=rule.name,
        estimate=isinstance(rule.price, InterchangePlus),
    )


def charged_by(price: Price, amount: Money, rounding: Rounding) -> Money:
    """The fee by `price` on `amount`."""
    return _charged(price, amount, _exact_fee(price, amount), rounding)


def refund_fee(plan: FeePlan, currency: str) -> Fee | None:
    """The fee on a refund in `currency`; None where there is none."""
    return _flat(plan, FeeKind.REFUND, plan.refund, currency)


def dispute_fee(plan: FeePlan, currency: str) -> Fee | None:
    """The fee on a dispute in `currency`; None where there is none."""
    return _flat(plan, FeeKind.DISPUTE, plan.dispute, currency)


def true_up(plan: FeePlan, charged: Fee, amount: Money, actual_cost_minor: Fraction) -> Money:
    """The charge that is still due on `amount` (negative: to be given back), once interchange and scheme are known to
    have cost `actual_cost_minor`, in exact minor units of its currency. Zero where the price is blended.

    The fee is that of the rule that charged it, rounded once, and stays between zero and the amount. Raises OtherPlan.
    """
    rule = plan.rule_called(charged.rule)
    if charged.plan != plan.version or rule is None:
        raise OtherPlan(charged_by=charged.plan, plan=plan.version)
    match rule.price:
        case Blended():
            return zero(amount.currency)
        case InterchangePlus() as price:
            exact = actual_cost_minor * _TEN_THOUSANDTHS + _exact_markup(price, amount)
            return _charged(price, amount, exact, plan.rounding) - charged.amount
        case _:
            assert_never(rule.price)


def _exact_fee(price: Price, amount: Money) -> int:
    """The fee in ten-thousandths of a minor unit, before it is rounded and bounded."""
    match price:
        case Blended():
            return _exact_part(amount, price.basis_points, price.fixed_minor)
        case InterchangePlus():
            interchange = _exact_part(amount, price.interchange_basis_points, {})
            scheme = _exact_part(amount, price.scheme_basis_points, price.scheme_fixed_minor)
            return interchange + scheme + _exact_markup(price, amount)
        case _:
            assert_never(price)


def _exact_markup(price: InterchangePlus, amount: Money) -> int:
    return _exact_part(amount, price.markup_basis_points, price.markup_fixed_minor)


def _exact_part(amount: Money, basis_points: int, fixed: Amounts) -> int:
    return amount.minor * basis_points + (in_currency(fixed, amount.currency) or 0) * _TEN_THOUSANDTHS


def _charged(price: Price, amount: Money, exact: int | Fraction, rounding: Rounding) -> Money:
    """`exact` ten-thousandths of a minor unit, rounded once and kept within its bounds."""
    fee = rounded_quotient(exact.numerator, exact.denominator * _TEN_THOUSANDTHS, rounding)
    minimum = in_currency(price.minimum_minor, amount.currency)
    maximum = in_currency(price.maximum_minor, amount.currency) if isinstance(price, Blended) else None
    fee = fee if minimum is None else max(fee, minimum)
    fee = fee if maximum is None else min(fee, maximum)
    return Money(max(min(fee, amount.minor), 0), amount.currency)


def _flat(plan: FeePlan, kind: FeeKind, amounts: Amounts, currency: str) -> Fee | None:
    minor = in_currency(amounts, currency)
    return Fee(kind=kind, amount=Money(minor, currency), plan=plan.version, rule=kind.value) if minor else None
