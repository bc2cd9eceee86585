"""Money is a whole number of minor units in one currency that never meets a float, and whose every rounding is
named."""

import re
from enum import StrEnum

from msgspec import Struct

from domain.errors import DomainError
from domain.money.currencies import decimals

AMOUNT_MINOR_MAX = 2**53
"""The largest amount one payment may have: the largest integer that every JSON reader keeps exact."""


WHOLE_DIGITS_MAX = 20
"""The most digits that are read as an amount: more than AMOUNT_MINOR_MAX has, so that too large an amount is told
from nonsense."""


class CurrencyMismatch(DomainError):
    """Two amounts in different currencies met where one currency is required."""

    expected: str
    actual: str


class WrongPrecision(DomainError):
    """A decimal amount does not fit its currency's number of decimals, is absurdly long, or is no number at all."""

    text: str
    currency: str
    decimals: int


class AmountOutOfRange(DomainError):
    """An amount is not between 1 minor unit and AMOUNT_MINOR_MAX."""

    amount_minor: int
    amount_minor_max: int = AMOUNT_MINOR_MAX


_DECIMAL = re.compile(rf"([+-]?)(\d{{1,{WHOLE_DIGITS_MAX}}})(?:\.(\d+))?", re.ASCII)


class Rounding(StrEnum):
    """The way a fraction of a minor unit becomes a whole one."""

    HALF_EVEN = "half_even"
    HALF_UP = "half_up"
    DOWN = "down"


class Money(Struct, frozen=True):
    """An amount in minor units (EUR cents, JPY yen, KWD fils) of an ISO 4217 currency; may be negative in a sum."""

    minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        self._require_same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._require_same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._require_same_currency(other)
        return self.minor < other.minor

    def __le__(self, other: "Money") -> bool:
        self._require_same_currency(other)
        return self.minor <= other.minor

    def __gt__(self, other: "Money") -> bool:
        return other < self

    def __ge__(self, other: "Money") -> bool:
        return other <= self

    def __str__(self) -> str:
        places = decimals(self.currency)
        digits = str(abs(self.minor)).rjust(places + 1, "0")
        sign = "-" if self.minor < 0 else ""
        whole, fraction = (digits[:-places], "." + digits[-places:]) if places else (digits, "")
        return f"{sign}{whole}{fraction} {self.currency}"

    def portion(self, *, basis_points: int, rounding: Rounding) -> "Money":
        """`basis_points` ten-thousandths of this amount, rounded to a whole minor unit as `rounding` says."""
        return Money(rounded_quotient(self.minor * basis_points, 10_000, rounding), self.currency)

    def _require_same_currency(self, other: "Money") -> None:
        if other.currency != self.currency:
            raise CurrencyMismatch(expected=self.currency, actual=other.currency)


def zero(currency: str) -> Money:
    """The amount of zero in `currency`."""
    return Money(0, currency)


def parse_decimal(text: str, currency: str) -> Money:
    """`"12.34"` EUR as 1234 minor units. Raises UnknownCurrency, or WrongPrecision for too many decimals or digits."""
    places = decimals(currency)
    match = _DECIMAL.fullmatch(text)
    if match is None or len(match[3] or "") > places:
        raise WrongPrecision(text=text, currency=currency, decimals=places)
    sign, whole, fraction = match[1], match[2], (match[3] or "").ljust(places, "0")
    return Money(int(f"{sign}{whole}{fraction}"), currency)


def require_payable(amount: Money) -> None:
    """Refuse an amount that no payment can have. Raises UnknownCurrency or AmountOutOfRange."""
    decimals(amount.currency)
    if not 1 <= amount.minor <= AMOUNT_MINOR_MAX:
        raise AmountOutOfRange(amount_minor=amount.minor)


def rounded_quotient(number: int, divisor: int, rounding: Rounding) -> int:
    """`number` divided by `divisor`, which is positive, and rounded once."""
    magnitude, remainder = divmod(abs(number), divisor)
    twice = 2 * remainder
    match rounding:
        case Rounding.HALF_EVEN:
            up = twice > divisor or (twice == divisor and magnitude % 2 == 1)
        case Rounding.HALF_UP:
            up = twice >= divisor
        case Rounding.DOWN:
            up = False
    whole = magnitude + up
    return whole if number >= 0 else -whole
