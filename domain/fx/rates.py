"""The rates there are, the one that holds between two currencies, and what an amount comes to at it, to the minor unit.

A quote's text is the rate itself, not a picture of it: whoever multiplies by what a conversion has recorded gets the
same value again.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil, floor
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from msgspec import Struct

from domain.errors import DomainError
from domain.fx.conversion import Conversion
from domain.fx.events import FxRatesEvent
from domain.fx.rate_text import decimal_text, exact
from domain.money.currencies import decimals
from domain.money.money import AMOUNT_MINOR_MAX, CurrencyMismatch, Money, Rounding, require_payable, zero

FX_RATES: Final = uuid5(NAMESPACE_URL, "tallystick:fx-rates")
"""The stream of all exchange rates."""

BASIS_POINTS: Final = 10_000


class RateMissing(DomainError):
    """No set of rates that may be used knows both currencies."""

    from_currency: str
    to_currency: str


class RateStale(DomainError):
    """The newest rate was published too long ago to convert by; `stale_after_hours` are whole ones."""

    from_currency: str
    to_currency: str
    as_of: datetime
    stale_after_hours: int


class ConversionTooLarge(DomainError):
    """The converted amount is more than AMOUNT_MINOR_MAX."""

    value_minor: int
    currency: str
    amount_minor_max: int = AMOUNT_MINOR_MAX


class RateSet(Struct, frozen=True, kw_only=True):
    """A set of rates that a source published at once: units of each currency for one unit of `base`, in force from
    `as_of` on."""

    source: str
    number: int
    as_of: datetime
    base: str
    rates: Mapping[str, str]
    document_sha256: str

    @property
    def version(self) -> str:
        return f"{self.source}:{self.number}"

    def knows(self, currency: str) -> bool:
        return currency == self.base or currency in self.rates

    def quote(self, from_: str, to: str) -> "Quote":
        """The quote between two currencies of the set: the quotient of their exact rates, rounded once."""
        return Quote(
            from_currency=from_,
            to_currency=to,
            text=decimal_text(Fraction(self._for_one_of_base(to), self._for_one_of_base(from_))),
            rates=self.version,
            as_of=self.as_of,
        )

    def _for_one_of_base(self, currency: str) -> Fraction:
        return Fraction(1) if currency == self.base else exact(currency, self.rates[currency])


class Quote(Struct, frozen=True, kw_only=True):
    """`text` is the number of units of `to_currency` for one unit of `from_currency`; `rates` is the version of the
    rates, published at `as_of`."""

    from_currency: str
    to_currency: str
    text: str
    rates: str
    as_of: datetime

    @property
    def rate(self) -> Fraction:
        return Fraction(self.text)


class Rates(Struct, frozen=True):
    """All sets known at a moment, the newest first: by `as_of`, and within the same instant by number."""

    sets: tuple[RateSet, ...] = ()

    def at(self, moment: datetime) -> "Rates":
        """The sets that had been published by `moment`, whenever they were imported."""
        return Rates(tuple([each for each in self.sets if each.as_of <= moment]))

    def rate(self, from_: str, to: str, *, sources: Sequence[str] | None = None) -> Quote:
        """The rate of the newest set that knows both currencies, of one of `sources` where those are named.

        Raises UnknownCurrency, RateMissing.
        """
        for currency in (from_, to):
            decimals(currency)
        for each in self.sets:
            if (sources is None or each.source in sources) and each.knows(from_) and each.knows(to):
                return each.quote(from_, to)
        raise RateMissing(from_currency=from_, to_currency=to)


def fold(events: Iterable[FxRatesEvent], rates: Rates | None = None) -> Rates:
    """`rates`, empty by default, with the sets that `events` add."""
    sets = [*(rates.sets if rates is not None else ()), *map(set_of, events)]
    return Rates(tuple(sorted(sets, key=lambda each: (each.as_of, each.number), reverse=True)))


def require_fresh(quote: Quote, now: datetime, stale_after: timedelta) -> None:
    """Refuse a rate that is older than `stale_after`. Raises RateStale."""
    if now - quote.as_of > stale_after:
        raise RateStale(
            from_currency=quote.from_currency,
            to_currency=quote.to_currency,
            as_of=quote.as_of,
            stale_after_hours=stale_after // timedelta(hours=1),
        )


def convert(amount: Money, to: str, quote: Quote, *, mark_up_basis_points: int) -> Conversion:
    """What `amount` comes to in `to`, of which `mark_up_basis_points` ten-thousandths, 0 to 10000, are ours.

    `value` is rounded half to even and so is `mark_up` of it; `settled` is the rest of the unrounded value, rounded
    down. The residue is then 0 or 1 minor unit, never less: with a mark-up of m it is more than -(1 - m)/2 - 1/2, or at
    least -1/2 where m is 0, it is less than 1 + (1 - m)/2 + 1/2, and it is whole. An amount of next to nothing comes to
    nothing: `settled` may be 0.

    Raises UnknownCurrency, AmountOutOfRange, ConversionTooLarge, CurrencyMismatch when the quote is of other ones, and
    ValueError for a mark-up out of its range.
    """
    if not 0 <= mark_up_basis_points <= BASIS_POINTS:
        raise ValueError(f"a mark-up is 0 to {BASIS_POINTS} basis points, got {mark_up_basis_points}")
    require_payable(amount)
    if to != quote.to_currency:
        raise CurrencyMismatch(expected=to, actual=quote.to_currency)
    unrounded = unrounded_minor(amount, quote)
    value = Money(round(unrounded), to)
    if value.minor > AMOUNT_MINOR_MAX:
        raise ConversionTooLarge(value_minor=value.minor, currency=to)
    return Conversion(
        amount=amount,
        rate=quote.text,
        rates=quote.rates,
        as_of=quote.as_of,
        value=value,
        mark_up=value.portion(basis_points=mark_up_basis_points, rounding=Rounding.HALF_EVEN),
        settled=Money(floor(unrounded * Fraction(BASIS_POINTS - mark_up_basis_points, BASIS_POINTS)), to),
    )


def worth(amount: Money, quote: Quote) -> Money:
    """The worth of `amount`, of either sign and any size, at `quote`, rounded half to even. Raises CurrencyMismatch."""
    return Money(round(unrounded_minor(amount, quote)), quote.to_currency)


def quote_of(conversion: Conversion) -> Quote:
    """The quote that `conversion` was made at."""
    return Quote(
        from_currency=conversion.amount.currency,
        to_currency=conversion.value.currency,
        text=conversion.rate,
        rates=conversion.rates,
        as_of=conversion.as_of,
    )


def convert_up(amount: Money, quote: Quote) -> Conversion:
    """The cost of `amount`, of any size, at `quote` for the payer: all of it, rounded up, so that there is neither a
    mark-up nor a residue. Raises CurrencyMismatch."""
    value = Money(ceil(unrounded_minor(amount, quote)), quote.to_currency)
    return Conversion(
        amount=amount,
        rate=quote.text,
        rates=quote.rates,
        as_of=quote.as_of,
        value=value,
        mark_up=zero(value.currency),
        settled=value,
    )


def unrounded_minor(amount: Money, quote: Quote) -> Fraction:
    """The exact worth of `amount` at `quote`, in minor units of the target currency. Raises CurrencyMismatch."""
    if amount.currency != quote.from_currency:
        raise CurrencyMismatch(expected=quote.from_currency, actual=amount.currency)
    # round() of a Fraction, which both callers do, is exact and takes a half to the even neighbour.
    scale = Fraction(10 ** decimals(quote.to_currency), 10 ** decimals(amount.currency))
    return amount.minor * quote.rate * scale


def set_of(event: FxRatesEvent) -> RateSet:
    return RateSet(
        source=event.source,
        number=event.number,
        as_of=event.as_of,
        base=event.base,
        rates=event.rates,
        document_sha256=event.document_sha256,
    )
