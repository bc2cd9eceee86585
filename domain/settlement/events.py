"""What happens to a provider's settlement. A released name is never edited: a change is a new version."""

from datetime import datetime
from enum import StrEnum

from domain.event import Event
from domain.identifiers import PLATFORM, MerchantId, ProviderName
from domain.money.money import Money
from domain.payment.events import ProviderCost


class ItemKind(StrEnum):
    """What a provider settles that is no movement of a payment."""

    FEE = "fee"
    """Of a month, a service, a terminal."""
    DISPUTE_FEE = "dispute_fee"
    RESERVE = "reserve"
    """Kept back by the provider (below zero), or released."""
    ADJUSTMENT = "adjustment"
    """Of which the provider does not say what it is for: an operator has to find out."""


class SettlementReceived(Event, frozen=True, kw_only=True, tag="settlement.received.v1"):
    """CapturedFunds in for the first time; `total` is what arrived at our account `bank`."""

    provider: ProviderName
    settlement_id: str
    bank: str
    currency: str
    paid_at: datetime
    total: Money


class SettlementCorrected(Event, frozen=True, kw_only=True, tag="settlement.corrected.v1"):
    """CapturedFunds in again with another total than before."""

    total: Money


class SettlementItemBooked(Event, frozen=True, kw_only=True, tag="settlement.item_booked.v1"):
    """A row that is no movement. `gross` is what it counts for us, negative where it was taken from us; `reference` is
    the provider's name for it, None where it has none."""

    provider: ProviderName
    settlement_id: str
    bank: str
    kind: ItemKind
    reference: str | None
    gross: Money
    cost: ProviderCost

    @property
    def merchant_id(self) -> MerchantId:
        """No merchant's."""
        return PLATFORM

    @property
    def net(self) -> Money:
        return Money(self.gross.minor - self.cost.total_minor, self.gross.currency)


SettlementEvent = SettlementReceived | SettlementCorrected | SettlementItemBooked
