"""A provider that cannot take a payment is no candidate for it, whatever a policy says."""

from collections.abc import Mapping

from msgspec import Struct

from domain.errors import DomainError
from domain.money.money import AMOUNT_MINOR_MAX, Money
from domain.payment.method import CardBrand, MethodType, PaymentMethod


class AmountNotCountable(DomainError):
    """The provider of the charge counts its currency in steps of which `amount` is no multiple, or has no number for
    so large an amount, so that the provider cannot be asked."""

    amount: Money
    step_minor: int
    amount_minor_max: int


class Capabilities(Struct, frozen=True, kw_only=True):
    """The capabilities of one provider through our account there. A set that is None has no limits.

    `several_captures` says whether an authorisation stays open behind a capture that is not final. `steps_minor` are
    the currencies whose amounts have to be multiples of so many of our minor units: 10 for KWD means that the last
    digit is 0. `partial_approvals` says whether a smaller approved amount is taken for the payment; where it is not,
    the provider has to give that amount up.
    """

    methods: frozenset[MethodType]
    currencies: frozenset[str] | None = None
    countries: frozenset[str] | None = None
    brands: frozenset[CardBrand] | None = None
    several_captures: bool = True
    partial_approvals: bool = False
    steps_minor: Mapping[str, int] = {}
    amount_minor_max: int = AMOUNT_MINOR_MAX

    def lacking(self, amount: Money, method: PaymentMethod) -> str | None:
        """The reason why the provider cannot take such a payment; None where it can. An unknown country or brand is
        left to the provider to refuse."""
        if method.type not in self.methods:
            return f"does not take {method.type}"
        if self.currencies is not None and amount.currency not in self.currencies:
            return f"does not take {amount.currency}"
        if self.countries is not None and method.country is not None and method.country not in self.countries:
            return f"does not take methods of {method.country}"
        if self.brands is not None and method.brand is not None and method.brand not in self.brands:
            return f"does not take {method.brand}"
        if not self.counts(amount):
            return f"cannot count {amount}"
        return None

    def counts(self, amount: Money) -> bool:
        """Whether the provider has a number for `amount`."""
        return amount.minor % self._step(amount) == 0 and amount.minor <= self.amount_minor_max

    def require_countable(self, amount: Money) -> None:
        """Raises AmountNotCountable."""
        if not self.counts(amount):
            raise AmountNotCountable(
                amount=amount, step_minor=self._step(amount), amount_minor_max=self.amount_minor_max
            )

    def _step(self, amount: Money) -> int:
        return self.steps_minor.get(amount.currency, 1)
