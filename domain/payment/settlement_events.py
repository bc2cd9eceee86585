"""The events of a payment's settlement by its provider. A released name is never edited: a change is a new version."""

from enum import StrEnum

from msgspec import Struct

from domain.event import Event
from domain.identifiers import MerchantId, ProviderName
from domain.money.money import Money
from domain.payment.proceeds import Drawn


class MovementKind(StrEnum):
    """The kinds of movements that a provider settles."""

    CAPTURE = "capture"
    REFUND = "refund"
    CHARGEBACK = "chargeback"
    REVERSAL = "reversal"
    """Of a chargeback: a dispute that was lost and won after all."""
    REFUND_REVERSAL = "refund_reversal"
    """Of a refund that failed after it had succeeded."""


class ProviderCost(Struct, frozen=True, kw_only=True):
    """The provider's charges for a movement, in minor units of its currency; `other` may be negative."""

    interchange_minor: int = 0
    scheme_minor: int = 0
    markup_minor: int = 0
    other_minor: int = 0

    @property
    def total_minor(self) -> int:
        return self.interchange_minor + self.scheme_minor + self.markup_minor + self.other_minor


class MovementSettled(Event, frozen=True, kw_only=True, tag="payment.movement_settled.v1"):
    """The provider paid us for a movement, net of its cost. `gross` is what it counts for us, negative where money went
    back. `true_up` is what the actual cost changes of the merchant's fee: above zero the merchant is charged more, from
    `drawn`."""

    merchant_id: MerchantId
    provider: ProviderName
    settlement_id: str
    bank: str
    movement: MovementKind
    movement_id: str
    gross: Money
    cost: ProviderCost
    true_up: Money
    drawn: Drawn | None
    fee_plan: str
