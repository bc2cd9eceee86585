"""What a provider can do at all: who cannot take a payment is no candidate for it, whatever a policy says."""

from msgspec import Struct

from domain.money import Money
from domain.payment.method import CardBrand, MethodType, PaymentMethod


class Capabilities(Struct, frozen=True, kw_only=True):
    """What one provider offers through our account there. A set that is None is every one there is.

    `several_captures` says whether an authorisation stays open behind a capture that is not final.
    """

    methods: frozenset[MethodType]
    currencies: frozenset[str] | None = None
    countries: frozenset[str] | None = None
    brands: frozenset[CardBrand] | None = None
    several_captures: bool = True

    def lacking(self, amount: Money, method: PaymentMethod) -> str | None:
        """Why the provider cannot take such a payment; None when it can. A country or brand that is not known is
        left to the provider to refuse."""
        if method.type not in self.methods:
            return f"does not take {method.type}"
        if self.currencies is not None and amount.currency not in self.currencies:
            return f"does not take {amount.currency}"
        if self.countries is not None and method.country is not None and method.country not in self.countries:
            return f"does not take methods of {method.country}"
        if self.brands is not None and method.brand is not None and method.brand not in self.brands:
            return f"does not take {method.brand}"
        return None
