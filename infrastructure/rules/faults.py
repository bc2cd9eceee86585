"""A condition is refused that names an unknown fact, gives no yes or no, or can never be true."""

import random
from collections.abc import Collection, Iterator, Mapping
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, Final

from domain.countries import COUNTRIES
from domain.identifiers import ProviderName
from domain.money.currencies import READABLE_DECIMALS
from domain.money.money import AMOUNT_MINOR_MAX
from domain.payment.method import CardBrand, MethodType
from infrastructure.rules.language import compiled
from infrastructure.rules.literals import Literals, literals_of

if TYPE_CHECKING:
    import cel

CONDITION_CHARACTERS_MAX: Final = 2_000
MACROS_MAX: Final = 2
"""Macros of one condition: each goes through a list, and more of them, nested, could take for ever."""
TRIALS_MAX: Final = 20_000
"""Above this, the facts to try are drawn by lot instead, and a condition is not called impossible."""
FIGURES: Final[Mapping[str, tuple[int, int]]] = {
    "cost": (-1, 2**53),
    "success_bp": (-1, 10_000),
    "latency_ms_p95": (-1, 2**31),
    "samples": (0, 2**31),
}
"""The least and the largest value of a provider's figure; -1 stands for an unknown one."""
NAMES: Final = frozenset({"amount", "currency", "country", "method", "card_brand", "merchant", "providers"})
_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "currency": frozenset(READABLE_DECIMALS),
    "country": COUNTRIES | {""},
    "method": frozenset(map(str, MethodType)),
    "card_brand": frozenset(map(str, CardBrand)) | {""},
}
_COMPARISONS: Final = frozenset(
    {"_&&_", "_||_", "!_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in", "_in_", "in", "_[_]", "_?_:_", "-_"}
)
"""Of a condition of nothing but these, facts around its own literals stand for all there are."""


def fault_of(when: str, providers: Collection[ProviderName]) -> str | None:
    """The fault of a condition over these providers, in words for an operator; None for a sound condition."""
    if len(when) > CONDITION_CHARACTERS_MAX:
        return f"has more than {CONDITION_CHARACTERS_MAX:,} characters"
    try:
        program = compiled(when)
    except ValueError as error:
        return f"does not compile: {_first_complaint(error)}"
    literals = literals_of(when)
    if literals.macros > MACROS_MAX:
        return f"goes through more than {MACROS_MAX} lists"
    return _unknown(program, literals, providers) or _tried(program, literals, providers)


def _unknown(program: "cel.Program", literals: Literals, providers: Collection[ProviderName]) -> str | None:
    """The first name, figure or text in the condition that does not exist."""
    for name in program.variables():
        if name not in NAMES and name not in literals.bound:
            return f"speaks of “{name}”, which is not known: only {', '.join(sorted(NAMES))} are"
    for name, member in sorted(literals.members):
        if name == "providers" and member not in providers:
            return f"speaks of provider “{member}”, which there is not: only {', '.join(sorted(providers))}"
    for field in sorted(literals.fields):
        if field not in FIGURES and field not in providers:
            return f"speaks of “{field}”, which is no figure of a provider: only {', '.join(FIGURES)} are"
    for name, text in sorted(literals.compared):
        if name in _WORDS and text not in _WORDS[name]:
            return f"compares {name} with “{text}”, which no {name} can be"
    return None


def _tried(program: "cel.Program", literals: Literals, providers: Collection[ProviderName]) -> str | None:
    """The fault that evaluations show on facts around the literals; None once some facts satisfy the condition."""
    trials = _Trials(program, literals, providers)
    failure, worked_out = None, False
    for facts in trials:
        try:
            result = program.execute(facts)
        except (ZeroDivisionError, OverflowError) as error:
            # Of some facts only, maybe: then it is false of them.
            failure = f"cannot be worked out: {error}"
            continue
        except Exception as error:
            return f"cannot be worked out: {_first_complaint(error)}"
        if not isinstance(result, bool):
            return f"gives {_kind(result)}, not true or false"
        if result:
            return None
        worked_out = True
    if not worked_out:
        return failure
    return "can never be true" if trials.exhaustive else None


class _Trials:
    """Facts to evaluate a condition on: each name in the condition takes the literals, their neighbours, and one more.

    `exhaustive` when these facts stand for every possible payment.
    """

    def __init__(self, program: "cel.Program", literals: Literals, providers: Collection[ProviderName]) -> None:
        names = NAMES.intersection(program.variables())
        self._providers = sorted(providers)
        numbers: dict[tuple[str, ...], tuple[int, int]] = {}
        if "amount" in names:
            numbers["amount",] = (1, AMOUNT_MINOR_MAX)
        if "providers" in names:
            for provider, figure in product(self._providers, FIGURES):
                if self._is_spoken_of(provider, literals) and figure in program.source:
                    numbers[provider, figure] = FIGURES[figure]
        # Between two literals, as many next to each other as can be told apart: `100 < a && a < b && b < 200`.
        reach, named = 1, literals.numbers
        if literals.compares_unknowns:
            reach, named = len(numbers), named.union(*numbers.values())
        self._axes: dict[tuple[str, ...], list[Any]] = {
            path: _around(named, least, most, reach) for path, (least, most) in numbers.items()
        }
        for name in sorted(names - {"amount", "providers"}):
            self._axes[name,] = _words(name, literals)
        self._few = prod(map(len, self._axes.values())) <= TRIALS_MAX
        self.exhaustive = self._few and not literals.orders_texts and _COMPARISONS.issuperset(program.functions())

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for values in self._combinations():
            yield self._facts(dict(zip(self._axes, values, strict=True)))

    def _combinations(self) -> Iterator[tuple[Any, ...]]:
        if self._few:
            yield from product(*self._axes.values())
            return
        lot = random.Random(0)  # noqa: S311
        for _ in range(TRIALS_MAX):
            yield tuple([lot.choice(values) for values in self._axes.values()])

    def _facts(self, chosen: Mapping[tuple[str, ...], Any]) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "amount": 1_000,
            "currency": "EUR",
            "country": "",
            "method": str(MethodType.CARD),
            "card_brand": "",
            "merchant": "mer_any",
            "providers": {
                name: {"cost": 1, "success_bp": 9_000, "latency_ms_p95": 300, "samples": 100}
                for name in self._providers
            },
        }
        for path, value in chosen.items():
            match path:
                case (name,):
                    facts[name] = value
                case (provider, figure):
                    facts["providers"][provider][figure] = value
                case _:
                    raise AssertionError(path)
        return facts

    def _is_spoken_of(self, provider: str, literals: Literals) -> bool:
        """Whether the condition names the provider, or may reach it by going through all providers."""
        named = {member for name, member in literals.members if name == "providers"}
        return provider in named or not named or bool(literals.bound)


def _words(name: str, literals: Literals) -> list[str]:
    """The texts of that name in the condition, and two others."""
    if name == "merchant":
        return sorted({*literals.texts, "mer_any"})
    spoken = literals.texts & _WORDS[name]
    return [*sorted(spoken), *sorted(_WORDS[name] - spoken)[:2]]


def _around(named: Collection[int], least: int, most: int, reach: int) -> list[int]:
    """The numbers in the condition and at both ends of the range, each with one below and `reach` above."""
    # A number may stand there with a minus, which is a sign of its own.
    marks = {sign * number for number in named for sign in (1, -1)} | {least, most}
    near = {mark + step for mark in marks for step in range(-1, reach + 1)}
    return sorted(number for number in near if least <= number <= most)


def _first_complaint(error: Exception) -> str:
    """The first line of the library's message, without its own marks."""
    text = str(error)
    if (at := text.find("ERROR: <input>:")) >= 0:
        text = text[at + len("ERROR: <input>:") :]
        _, column, complaint = text.split(":", 2)
        return f"at character {column}, {complaint.strip().splitlines()[0][:200]}"
    if isinstance(error, KeyError):
        return f"there is no “{error.args[0]}”"
    return text.splitlines()[0].split(". ")[0][:200]


def _kind(result: object) -> str:
    return {int: "a number", float: "a number", str: "a text", type(None): "nothing"}.get(type(result), "a structure")
