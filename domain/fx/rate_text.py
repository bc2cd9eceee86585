"""A rate is a plain decimal number: exact as it is written, and rounded once where it is computed."""

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Final

from domain.errors import DomainError

PUBLISHED_DIGITS_MAX: Final = 18
"""The most digits before and after the point together; the ECB's rates have up to seven."""

SIGNIFICANT_DIGITS_MAX: Final = 12
"""The digits of a rate in use. A rate that is a quotient of two published ones is off by at most 5 in 10^12: by a
two-hundredth of a minor unit on a thousand million of them."""

_DECIMAL = re.compile(r"(\d+)(?:\.(\d+))?", re.ASCII)
_rounded = Context(prec=SIGNIFICANT_DIGITS_MAX, rounding=ROUND_HALF_EVEN)


class RateUnusable(DomainError):
    """The text is no positive plain decimal number of at most PUBLISHED_DIGITS_MAX digits."""

    currency: str
    text: str


def exact(currency: str, text: str) -> Fraction:
    """The number that `text`, the published rate of `currency`, is. Raises RateUnusable."""
    if len(text) <= PUBLISHED_DIGITS_MAX + 1 and (match := _DECIMAL.fullmatch(text)) is not None:
        digits = len(match[1]) + len(match[2] or "")
        number = Fraction(text)
        if digits <= PUBLISHED_DIGITS_MAX and number > 0:
            return number
    raise RateUnusable(currency=currency, text=text)


def decimal_text(number: Fraction) -> str:
    """`number`, above zero, to SIGNIFICANT_DIGITS_MAX digits, half to even: `0.922339051836`, `1.1`, `163`."""
    # The division of two integers is rounded once, from the exact quotient.
    text = format(_rounded.divide(Decimal(number.numerator), Decimal(number.denominator)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
