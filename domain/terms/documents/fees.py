"""An operator's fee plan is refused where a payment has no price, or has two."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final, TypeVar

from msgspec import Meta, Struct

from domain.countries import COUNTRIES
from domain.document.strict_document import Name
from domain.money.money import Rounding
from domain.payment.method import MethodType
from domain.terms.amounts import OTHERS, in_currency
from domain.terms.coverage import Combination, find_gap, find_overlap, met_by_default, met_by_rule, regions_of
from domain.terms.documents.document import BasisPoints, TermsDocument, TermsInvalid
from domain.terms.fee_plan import (
    DEFAULT_RULE,
    DOMESTIC,
    INTERNATIONAL,
    UNKNOWN,
    Blended,
    FeePlan,
    FeeRule,
    InterchangePlus,
    Match,
    Price,
)

RULES_MAX: Final = 100
NAMED_MAX: Final = 5
"""The most currencies named in one sentence."""

T = TypeVar("T")


class FeeRulesOverlap(TermsInvalid):
    """Two rules are for the same payment; `line` is that of the second."""

    first: str
    second: str


class FeePlanGap(TermsInvalid):
    """The plan has no price for such a payment."""

    method: str
    currency: str
    region: str


class _Strict(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class _WrittenPlan(_Strict, frozen=True, kw_only=True):
    """The members of a plan, each of which is read on its own, so that its path is known."""

    name: Name
    home: list[str] = []
    regions: dict[str, Any] = {}
    rounding: Rounding = Rounding.HALF_EVEN
    rules: Annotated[list[Any], Meta(max_length=RULES_MAX)] = []
    default: Any = None
    refund: dict[str, Any] = {}
    dispute: dict[str, Any] = {}


class _WrittenPrice(_Strict, frozen=True, kw_only=True):
    blended: Any = None
    interchange_plus: Any = None


class _WrittenRule(_WrittenPrice, frozen=True, kw_only=True):
    name: Name
    match: Any


class _WrittenMatch(_Strict, frozen=True, kw_only=True):
    methods: list[MethodType] | None = None
    currencies: list[str] | None = None
    regions: list[str] | None = None


class _WrittenBlended(_Strict, frozen=True, kw_only=True):
    basis_points: BasisPoints
    fixed_minor: dict[str, Any] = {}
    minimum_minor: dict[str, Any] = {}
    maximum_minor: dict[str, Any] = {}


class _WrittenInterchangePlus(_Strict, frozen=True, kw_only=True):
    interchange_basis_points: BasisPoints
    scheme_basis_points: BasisPoints
    scheme_fixed_minor: dict[str, Any] = {}
    markup_basis_points: BasisPoints
    markup_fixed_minor: dict[str, Any] = {}
    minimum_minor: dict[str, Any] = {}


def read_fee_plan(text: str, number: int) -> FeePlan:
    """The plan that `text` is, under that number. Raises TermsInvalid, FeeRulesOverlap, FeePlanGap."""
    reader = _Reader(text, number)
    reader.require_complete()
    return reader.plan


def fee_plan_as_added(text: str, number: int) -> FeePlan:
    """A plan that was accepted once, whatever methods and currencies there are since. Raises TermsInvalid."""
    return _Reader(text, number).plan


class _Reader:
    def __init__(self, text: str, number: int) -> None:
        self._document = TermsDocument(text, called="fee plan")
        written = self._document.read_as(_WrittenPlan, self._document.members)
        home = self._countries(written.home, "home") if written.home else frozenset()
        regions = self._regions(written.regions)
        self._known_regions = regions_of(FeePlan(version="", home=home, regions=regions))
        self.plan = FeePlan(
            version=f"{written.name}:{number}",
            home=home,
            regions=regions,
            rules=self._rules(written.rules),
            default=None if written.default is None else self._default(written.default),
            refund=self._document.amounts(written.refund, "refund"),
            dispute=self._document.amounts(written.dispute, "dispute"),
            rounding=written.rounding,
        )

    def require_complete(self) -> None:
        """Refuse two prices for one payment, and none. Raises FeeRulesOverlap, FeePlanGap, TermsInvalid."""
        if (overlap := find_overlap(self.plan)) is not None:
            first, second = self.plan.rules[overlap.first].name, self.plan.rules[overlap.second].name
            raise FeeRulesOverlap(
                line=self._document.line_of("rules", overlap.second),
                reason=f"rules “{first}” and “{second}” are both for {overlap.both}",
                first=first,
                second=second,
            )
        if (gap := find_gap(self.plan)) is not None:
            raise self._gap(f"no rule is for {gap}, and there is no default", gap, "rules")
        for number, rule in enumerate(self.plan.rules):
            self._require_sums(rule.price, list(met_by_rule(self.plan, rule)), "rules", number)
        if self.plan.default is not None:
            self._require_sums(self.plan.default, list(met_by_default(self.plan)), "default")

    def _require_sums(self, price: Price, met: Sequence[Combination], *path: str | int) -> None:
        """Refuse a sum that is missing for a currency that `price` can meet, and one for a currency that it cannot."""
        path = (*path, "blended" if isinstance(price, Blended) else "interchange_plus")
        currencies = {each.currency for each in met}
        for member, amounts in price.sums.items():
            missing = [each for each in met if amounts and in_currency(amounts, each.currency) is None]
            if missing:
                listed = _listed([each.currency for each in missing])
                raise self._gap(
                    f"“{member}” says nothing of {listed}, in which this is charged", missing[0], *path, member
                )
            for currency in amounts:
                if currency != OTHERS and currency not in currencies:
                    raise self._document.refused(f"nothing is charged in {currency} here", *path, member, currency)

    def _gap(self, reason: str, gap: Combination, *path: str | int) -> FeePlanGap:
        return FeePlanGap(
            line=self._document.line_of(*path),
            reason=reason,
            method=gap.method.value,
            currency=gap.currency,
            region=gap.region,
        )

    def _regions(self, written: dict[str, Any]) -> dict[str, frozenset[str]]:
        regions: dict[str, frozenset[str]] = {}
        for name, value in written.items():
            self._document.read_as(Name, name, "regions", name)
            if name in (DOMESTIC, INTERNATIONAL, UNKNOWN):
                raise self._document.refused(f"every plan has a region “{name}” by itself", "regions", name)
            listed = self._document.read_as(list[str], value, "regions", name)
            countries = self._countries(listed, "regions", name)
            for number, country in enumerate(listed):
                for other in regions:
                    if country in regions[other]:
                        raise self._document.refused(
                            f"{country} is in region “{other}” before", "regions", name, number
                        )
            regions[name] = countries
        return regions

    def _countries(self, listed: list[str], *path: str | int) -> frozenset[str]:
        self._document.require_unique(listed, *path, one="country", many="countries")
        for number, country in enumerate(listed):
            if country not in COUNTRIES:
                raise self._document.refused(f"“{country}” is no country of ISO 3166", *path, number)
        return frozenset(listed)

    def _rules(self, written: list[Any]) -> tuple[FeeRule, ...]:
        rules: dict[str, FeeRule] = {}
        for number, value in enumerate(written):
            rule = self._document.read_as(_WrittenRule, value, "rules", number)
            if rule.name == DEFAULT_RULE:
                raise self._document.refused(
                    f"a rule cannot be called “{DEFAULT_RULE}”: that is the member beside “rules”",
                    "rules",
                    number,
                    "name",
                )
            if rule.name in rules:
                raise self._document.refused(f"there is a rule “{rule.name}” before", "rules", number, "name")
            match = self._match(rule.match, "rules", number, "match")
            rules[rule.name] = FeeRule(name=rule.name, match=match, price=self._price(rule, "rules", number))
        return tuple(rules.values())

    def _match(self, value: Any, *path: str | int) -> Match:
        written = self._document.read_as(_WrittenMatch, value, *path)
        if written.methods is not None:
            names = [method.value for method in written.methods]
            self._document.require_unique(names, *path, "methods", one="method", many="methods")
        if written.currencies is not None:
            self._document.require_unique(written.currencies, *path, "currencies", one="currency", many="currencies")
            for number, currency in enumerate(written.currencies):
                self._document.currency(currency, *path, "currencies", number)
        if written.regions is not None:
            self._document.require_unique(written.regions, *path, "regions", one="region", many="regions")
            for number, region in enumerate(written.regions):
                if region not in self._known_regions:
                    listed = ", ".join(self._known_regions)
                    raise self._document.refused(
                        f"there is no region “{region}”, only {listed}", *path, "regions", number
                    )
        return Match(methods=_set(written.methods), currencies=_set(written.currencies), regions=_set(written.regions))

    def _default(self, value: Any) -> Price:
        return self._price(self._document.read_as(_WrittenPrice, value, "default"), "default")

    def _price(self, written: _WrittenPrice, *path: str | int) -> Price:
        match written:
            case _WrittenPrice(blended=value, interchange_plus=None) if value is not None:
                return self._blended(value, *path, "blended")
            case _WrittenPrice(blended=None, interchange_plus=value) if value is not None:
                return self._interchange_plus(value, *path, "interchange_plus")
            case _:
                raise self._document.refused("expected exactly one of “blended” and “interchange_plus”", *path)

    def _blended(self, value: Any, *path: str | int) -> Blended:
        written = self._document.read_as(_WrittenBlended, value, *path)
        price = Blended(
            basis_points=written.basis_points,
            fixed_minor=self._document.amounts(written.fixed_minor, *path, "fixed_minor"),
            minimum_minor=self._document.amounts(written.minimum_minor, *path, "minimum_minor"),
            maximum_minor=self._document.amounts(written.maximum_minor, *path, "maximum_minor"),
        )
        for currency in (*price.minimum_minor, *price.maximum_minor):
            minimum = in_currency(price.minimum_minor, currency)
            maximum = in_currency(price.maximum_minor, currency)
            if minimum is not None and maximum is not None and minimum > maximum:
                raise self._document.refused(
                    f"the minimum, {minimum}, is above the maximum, {maximum}", *path, "minimum_minor", currency
                )
        return price

    def _interchange_plus(self, value: Any, *path: str | int) -> InterchangePlus:
        written = self._document.read_as(_WrittenInterchangePlus, value, *path)
        return InterchangePlus(
            interchange_basis_points=written.interchange_basis_points,
            scheme_basis_points=written.scheme_basis_points,
            scheme_fixed_minor=self._document.amounts(written.scheme_fixed_minor, *path, "scheme_fixed_minor"),
            markup_basis_points=written.markup_basis_points,
            markup_fixed_minor=self._document.amounts(written.markup_fixed_minor, *path, "markup_fixed_minor"),
            minimum_minor=self._document.amounts(written.minimum_minor, *path, "minimum_minor"),
        )


def _set(values: Iterable[T] | None) -> frozenset[T] | None:
    return None if values is None else frozenset(values)


def _listed(currencies: Sequence[str]) -> str:
    more = len(currencies) - NAMED_MAX
    return ", ".join(currencies[:NAMED_MAX]) + (f" and {more} others" if more > 0 else "")
