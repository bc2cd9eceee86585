"""Giving back converted money debits the merchant the worth of it, rounded up once over all parts at one rate.

Each debit is the rounded worth of everything given back at its rate so far, less what was debited for it before. So
worth ≤ debits < worth + 1 minor unit, however the money is divided into refunds and disputes. No debit has a residue.
"""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from math import ceil, floor

from msgspec.structs import replace

from domain.fx.conversion import Conversion
from domain.fx.rates import ConversionTooLarge, Quote, unrounded_minor
from domain.money.money import AMOUNT_MINOR_MAX, Money, zero


def convert_at_capture_rates(amount: Money, captures: Sequence[Conversion], before: Sequence[Conversion]) -> Conversion:
    """The conversion of `amount`, given back after `before` at the captures' rates.

    The first capture is given back first, at its own rate. All parts together come to the exact proceeds of the
    captures; until then the mark-up is given back rounded down.
    """
    start = sum(each.amount.minor for each in before)
    end = start + amount.minor
    settled = ceil(_proceeds_of(end, captures, lambda each: each.settled)) - sum(each.settled.minor for each in before)
    mark_up = floor(_proceeds_of(end, captures, lambda each: each.mark_up)) - sum(each.mark_up.minor for each in before)
    return _converted(_capture_at(start, captures), amount, settled=max(settled, 0), mark_up=max(mark_up, 0))


def convert_at_quote(quote: Quote, amount: Money, before: Iterable[Conversion]) -> Conversion:
    """The conversion of `amount` at `quote`, given back after `before`, of which the conversions at the same rate of
    the same version count. There is no mark-up.

    Raises CurrencyMismatch, ConversionTooLarge.
    """
    same = [each for each in before if (each.rates, each.rate) == (quote.rates, quote.text)]
    whole = sum((each.amount for each in same), start=amount)
    settled = ceil(unrounded_minor(whole, quote)) - sum(each.settled.minor for each in same)
    if settled > AMOUNT_MINOR_MAX:
        raise ConversionTooLarge(value_minor=settled, currency=quote.to_currency)
    nothing = zero(quote.to_currency)
    at_quote = Conversion(
        amount=amount,
        rate=quote.text,
        rates=quote.rates,
        as_of=quote.as_of,
        value=nothing,
        mark_up=nothing,
        settled=nothing,
    )
    # `settled` is negative where debits from before this rule were rounded up one by one.
    return _converted(at_quote, amount, settled=max(settled, 0), mark_up=0)


def _proceeds_of(given_back: int, captures: Iterable[Conversion], part: Callable[[Conversion], Money]) -> Fraction:
    """The proceeds (settled or mark-up, by `part`) of the first `given_back` minor units that were captured."""
    proceeds = Fraction(0)
    for each in captures:
        covered = min(given_back, each.amount.minor)
        proceeds += Fraction(part(each).minor * covered, each.amount.minor)
        given_back -= covered
    return proceeds


def _capture_at(given_back: int, captures: Sequence[Conversion]) -> Conversion:
    """The capture that the next minor unit after `given_back` is of; the last one where all are given back."""
    for each in captures:
        if given_back < each.amount.minor:
            return each
        given_back -= each.amount.minor
    return captures[-1]


def _converted(rate: Conversion, amount: Money, *, settled: int, mark_up: int) -> Conversion:
    currency = rate.value.currency
    return replace(
        rate,
        amount=amount,
        value=Money(settled + mark_up, currency),
        mark_up=Money(mark_up, currency),
        settled=Money(settled, currency),
    )
