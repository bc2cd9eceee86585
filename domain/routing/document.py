"""An operator's routing policy is JSON, which is read strictly and refused with the line at fault."""

from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from domain.document.strict_document import Name, StrictDocument
from domain.errors import DomainError
from domain.identifiers import ProviderName
from domain.payment.outcome import DECLINE_CODES, NEVER_SOFT
from domain.routing.candidate import Strategy
from domain.routing.policy import Choice, Cost, Retry, RoutingPolicy, Rule
from domain.routing.route import DEFAULT_RULE

RULES_MAX: Final = 100
FIXED_MINOR_MAX: Final = 10**9

FaultOf = Callable[[str, Collection[ProviderName]], str | None]
"""The fault of a condition with these providers, as the end of a sentence; None where there is none."""


class PolicyInvalid(DomainError):
    """The text is no routing policy that can be followed; `line` counts from 1."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class PolicyDocument(Struct, frozen=True, kw_only=True):
    """The policy of a document that has no number yet."""

    name: str
    rules: tuple[Rule, ...]
    default: Choice
    costs: Mapping[ProviderName, Cost]
    retry: Retry

    def numbered(self, number: int) -> RoutingPolicy:
        return RoutingPolicy(
            version=f"{self.name}:{number}",
            rules=self.rules,
            default=self.default,
            costs=self.costs,
            retry=self.retry,
        )


class _Strict(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class _Written(_Strict, frozen=True, kw_only=True):
    """The members of a document, each of which is read on its own, so that its path is known."""

    name: Name
    costs: dict[str, Any] = {}
    rules: Annotated[list[Any], Meta(max_length=RULES_MAX)] = []
    default: Any
    retry: Any


class _WrittenCost(_Strict, frozen=True, kw_only=True):
    basis_points: Annotated[int, Meta(ge=0, le=10_000)]
    fixed_minor: Annotated[int, Meta(ge=0, le=FIXED_MINOR_MAX)] = 0


class _WrittenChoice(_Strict, frozen=True, kw_only=True):
    priority: list[str] | None = None
    split: dict[str, Any] | None = None
    cheapest: list[str] | None = None


class _WrittenRule(_WrittenChoice, frozen=True, kw_only=True):
    name: Name
    when: str


class _WrittenRetry(_Strict, frozen=True, kw_only=True):
    soft_declines: list[str]
    attempts_max: Annotated[int, Meta(ge=1, le=10)]
    total_s_max: Annotated[int, Meta(ge=1, le=300)]


def read_policy(text: str, *, providers: Collection[ProviderName], fault_of: FaultOf) -> PolicyDocument:
    """The policy that `text` is, for a system with these providers. Raises PolicyInvalid."""
    return _Reader(text, providers, fault_of).document()


def policy_as_added(text: str) -> PolicyDocument:
    """A policy that was accepted once, whatever has become of its providers since. Raises PolicyInvalid where
    today's rules of writing do not accept its document any more."""
    return _Reader(text, None, None).document()


class _Reader:
    """The reader of one text. Without `providers` or `fault_of`, providers or conditions are not checked."""

    def __init__(self, text: str, providers: Collection[ProviderName] | None, fault_of: FaultOf | None) -> None:
        self._providers = providers
        self._fault_of = fault_of
        self._document = StrictDocument(text, called="policy", refusal=PolicyInvalid)

    def document(self) -> PolicyDocument:
        written = self._document.read_as(_Written, self._document.members)
        default = self._document.read_as(_WrittenChoice, written.default, "default")
        return PolicyDocument(
            name=written.name,
            costs=self._costs(written.costs),
            rules=self._rules(written.rules),
            default=self._choice(default, "default"),
            retry=self._retry(written.retry),
        )

    def _costs(self, written: Mapping[str, Any]) -> dict[ProviderName, Cost]:
        costs = {}
        for name, value in written.items():
            provider = self._provider(name, "costs", name)
            cost = self._document.read_as(_WrittenCost, value, "costs", name)
            costs[provider] = Cost(basis_points=cost.basis_points, fixed_minor=cost.fixed_minor)
        return costs

    def _rules(self, written: list[Any]) -> tuple[Rule, ...]:
        rules: dict[str, Rule] = {}
        for number, value in enumerate(written):
            rule = self._document.read_as(_WrittenRule, value, "rules", number)
            if rule.name == DEFAULT_RULE:
                raise self._document.refused(
                    f"a rule cannot be called “{DEFAULT_RULE}”: that is the last one", "rules", number, "name"
                )
            if rule.name in rules:
                raise self._document.refused(f"there is a rule “{rule.name}” before", "rules", number, "name")
            if self._fault_of is not None and self._providers is not None:
                fault = self._fault_of(rule.when, self._providers)
                if fault is not None:
                    raise self._document.refused(
                        f"the condition of rule “{rule.name}” {fault}", "rules", number, "when"
                    )
            rules[rule.name] = Rule(name=rule.name, when=rule.when, choice=self._choice(rule, "rules", number))
        return tuple(rules.values())

    def _choice(self, written: _WrittenChoice, *path: str | int) -> Choice:
        match written:
            case _WrittenChoice(priority=[*names], split=None, cheapest=None):
                return Choice(strategy=Strategy.PRIORITY, providers=self._named(names, *path, "priority"))
            case _WrittenChoice(priority=None, split=None, cheapest=[*names]):
                return Choice(strategy=Strategy.CHEAPEST, providers=self._named(names, *path, "cheapest"))
            case _WrittenChoice(priority=None, split=dict(weights), cheapest=None):
                return self._split(weights, *path, "split")
            case _:
                raise self._document.refused("expected exactly one of “priority”, “split” and “cheapest”", *path)

    def _split(self, weights: dict[str, Any], *path: str | int) -> Choice:
        if not weights:
            raise self._document.refused("a split needs at least one provider", *path)
        providers = tuple([self._provider(name, *path, name) for name in weights])
        percentages = []
        for name, weight in weights.items():
            if type(weight) is not int or not 0 <= weight <= 100:
                raise self._document.refused(
                    f"the percentage of “{name}” has to be a whole number from 0 to 100", *path, name
                )
            percentages.append(weight)
        if sum(percentages) != 100:
            raise self._document.refused(f"the percentages sum to {sum(percentages)} instead of 100", *path)
        return Choice(strategy=Strategy.SPLIT, providers=providers, percentages=tuple(percentages))

    def _named(self, names: list[str], *path: str | int) -> tuple[ProviderName, ...]:
        self._document.require_unique(names, *path, one="provider", many="providers")
        return tuple([self._provider(name, *path, number) for number, name in enumerate(names)])

    def _provider(self, name: str, *path: str | int) -> ProviderName:
        provider = ProviderName(name)
        if self._providers is not None and provider not in self._providers:
            raise self._document.refused(
                f"there is no provider “{name}”, only {', '.join(sorted(self._providers))}", *path
            )
        return provider

    def _retry(self, value: Any) -> Retry:
        written = self._document.read_as(_WrittenRetry, value, "retry")
        for number, code in enumerate(written.soft_declines):
            if code not in DECLINE_CODES - NEVER_SOFT:
                listed = ", ".join(sorted(DECLINE_CODES - NEVER_SOFT))
                reason = f"“{code}” is no reason after which another provider can be asked, which are {listed}"
                raise self._document.refused(reason, "retry", "soft_declines", number)
        return Retry(
            soft_declines=frozenset(written.soft_declines),
            attempts_max=written.attempts_max,
            total_s_max=written.total_s_max,
        )
