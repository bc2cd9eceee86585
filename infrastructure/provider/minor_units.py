"""Amounts in a provider's minor units: ISO 4217's decimals, save for the provider's exceptions."""

from collections.abc import Callable, Mapping
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from domain.money.currencies import READABLE_DECIMALS, UnknownCurrency, decimals
from domain.money.money import Money


class NotRepresentable(Exception):
    """The provider counts in larger units than the amount has, or does not know the currency."""


class AmountUnreadable(msgspec.ValidationError):
    """An amount that a provider states is none in any way that we know, or lacks its currency."""


Count = Annotated[int, Meta(ge=0, le=2**53)]
"""An amount as a provider states it."""
Currency = Annotated[str, Meta(pattern=r"^[A-Za-z]{3}\Z")]
"""A currency's code, in capital or in small letters."""


class MinorUnits(Struct, frozen=True):
    """`deviations` are the decimals of the currencies that the provider counts otherwise than ISO 4217."""

    deviations: Mapping[str, int] = {}

    def sent(self, money: Money) -> int:
        """`money` in the provider's minor units. Raises NotRepresentable rather than round."""
        shift = self._decimals(money.currency) - decimals(money.currency)
        if shift >= 0:
            return money.minor * int(10**shift)
        whole, rest = divmod(money.minor, int(10**-shift))
        if rest:
            raise NotRepresentable(f"{money} has more decimals than the provider counts")
        return whole

    def received(self, amount: int, currency: str) -> Money:
        """The provider's `amount` in our minor units. Raises NotRepresentable, UnknownCurrency."""
        shift = decimals(currency) - self._decimals(currency)
        if shift >= 0:
            return Money(amount * int(10**shift), currency)
        whole, rest = divmod(amount, int(10**-shift))
        if rest:
            raise NotRepresentable(f"{amount} of the provider's units are no whole minor units of {currency}")
        return Money(whole, currency)

    def _decimals(self, currency: str) -> int:
        return self.deviations.get(currency, decimals(currency))


_STEPS: Final = (1, 10, 100, 1_000)


def steps_of(sent: Callable[[Money], object]) -> dict[str, int]:
    """The currencies of which `sent` takes none but multiples of so many minor units; one that it does not take at all
    is left out. For Capabilities.steps_minor."""
    steps = {}
    for currency in READABLE_DECIMALS:
        step = next((step for step in _STEPS if _is_taken(sent, Money(step, currency))), 1)
        if step > 1:
            steps[currency] = step
    return steps


def _is_taken(sent: Callable[[Money], object], money: Money) -> bool:
    try:
        sent(money)
    except NotRepresentable:
        return False
    return True


def stated_amount(units: MinorUnits, amount: int | None, currency: str | None) -> Money | None:
    """The amount that a provider states; None where it states none. Raises AmountUnreadable."""
    if amount is None:
        return None
    if currency is None:
        raise AmountUnreadable("an amount without a currency")
    try:
        return units.received(amount, currency.upper())
    except (NotRepresentable, UnknownCurrency) as error:
        raise AmountUnreadable(str(error)) from error
