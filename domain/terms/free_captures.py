"""Captures are free under a fee plan where their fee rounds to zero.

A merchant that captures an amount in parts as small as these pays no fee at all, so a plan ought to name a minimum.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from domain.money.money import AMOUNT_MINOR_MAX, Money
from domain.terms.coverage import Combination, met_by_default, met_by_rule
from domain.terms.fee_plan import DEFAULT_RULE, FeePlan, Price, charged_by

CURRENCIES_NAMED_MAX: Final = 5


class FreeCaptures(Struct, frozen=True):
    """By `rule`, or the default, a capture of at most the amount in `up_to` is free; a larger one is not."""

    rule: str
    up_to: tuple[Money, ...]

    def __str__(self) -> str:
        named = ", ".join(map(str, self.up_to[:CURRENCIES_NAMED_MAX]))
        more = len(self.up_to) - CURRENCIES_NAMED_MAX
        others = f" and in {more} other currencies" if more > 0 else ""
        return (
            f"by “{self.rule}” the fee of small captures rounds to nothing: of up to {named}{others}. "
            "A “minimum_minor” of 1 or more charges them."
        )


def free_captures(plan: FeePlan) -> Iterator[FreeCaptures]:
    """The free captures of each rule that has some, except rules that charge no amount, which is intended."""
    for rule in plan.rules:
        yield from _free(plan, rule.name, rule.price, met_by_rule(plan, rule))
    if plan.default is not None:
        yield from _free(plan, DEFAULT_RULE, plan.default, met_by_default(plan))


def _free(plan: FeePlan, rule: str, price: Price, met: Iterable[Combination]) -> Iterator[FreeCaptures]:
    largest = [_largest_free(plan, price, currency) for currency in sorted({each.currency for each in met})]
    if up_to := tuple([amount for amount in largest if 0 < amount.minor < AMOUNT_MINOR_MAX]):
        yield FreeCaptures(rule, up_to)


def _largest_free(plan: FeePlan, price: Price, currency: str) -> Money:
    """The largest free capture, found by bisection: a larger capture never costs less."""
    free, charged = 0, AMOUNT_MINOR_MAX + 1
    while charged - free > 1:
        middle = (free + charged) // 2
        if charged_by(price, Money(middle, currency), plan.rounding).minor:
            charged = middle
        else:
            free = middle
    return Money(free, currency)
