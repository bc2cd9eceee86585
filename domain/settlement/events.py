"""The events of a provider's settlement. A released name is never edited: a change is a new version."""

from datetime import datetime
from enum import StrEnum

from domain.event import Event
from domain.identifiers import PLATFORM, MerchantId, ProviderName
from domain.money.money import Money
from domain.payment.settlement_events import ProviderCost


class ItemKind(StrEnum):
    """The kinds of settled rows that are no movement of a payment."""

    FEE = "fee"
    """A fee of the provider's for a month, a service or a terminal."""
    DISPUTE_FEE = "dispute_fee"
    RESERVE = "reserve"
    """Kept back by the provider (below zero), or released."""
    ADJUSTMENT = "adjustment"
    """A row whose purpose the provider does not name: an operator has to find out."""


class SettlementReceived(Event, frozen=True, kw_only=True, tag="settlement.received.v1"):
    """The settlement was taken in for the first time; `total` is the amount that arrived at our account `bank`."""

    provider: ProviderName
    settlement_id: str
    bank: str
    currency: str
    paid_at: datetime
    total: Money


class SettlementCorrected(Event, frozen=True, kw_only=True, tag="settlement.corrected.v1"):
    """The settlement was taken in again, with another total than before."""

    total: Money


class SettlementItemBooked(Event, frozen=True, kw_only=True, tag="settlement.item_booked.v1"):
    """A row that is no movement. `gross` is negative where money was taken from us; `reference` is the provider's name
    for the row, None where it has none."""

    provider: ProviderName
    settlement_id: str
    bank: str
    kind: ItemKind
    reference: str | None
    gross: Money
    cost: ProviderCost

    @property
    def merchant_id(self) -> MerchantId:
        """The platform: the row is of no merchant."""
        return PLATFORM

    @property
    def net(self) -> Money:
        return Money(self.gross.minor - self.cost.total_minor, self.gross.currency)


SettlementEvent = SettlementReceived | SettlementCorrected | SettlementItemBooked
