"""The rows of a settlement's file: movements of payments, other items, and rows of an unknown kind."""

from datetime import datetime

from msgspec import Struct

from domain.identifiers import OperationId, ProviderName
from domain.money.money import Money
from domain.payment.settlement_events import MovementKind, ProviderCost
from domain.settlement.events import ItemKind


class SettlementRow(Struct, frozen=True, kw_only=True):
    """A movement, named by our operation's id or the provider's reference; `gross` less `cost` is `net`."""

    line: int
    movement: MovementKind
    operation_id: OperationId | None
    reference: str | None
    gross: Money
    cost: ProviderCost
    net: Money

    @property
    def named(self) -> str:
        """The name that the file gives the movement."""
        return str(self.operation_id) if self.operation_id is not None else str(self.reference)


class ItemRow(Struct, frozen=True, kw_only=True):
    """A row that is no movement; `reference` is the provider's name for it, if it has one."""

    line: int
    kind: ItemKind
    reference: str | None
    gross: Money
    cost: ProviderCost
    net: Money

    @property
    def movement(self) -> str:
        return self.kind.value

    @property
    def named(self) -> str:
        return self.reference or "without a reference"


class UnknownRow(Struct, frozen=True, kw_only=True):
    """A row of an unknown kind, which is refused alone."""

    line: int
    movement: str
    named: str
    net: Money


Row = SettlementRow | ItemRow | UnknownRow


class SettlementFile(Struct, frozen=True, kw_only=True):
    """`total` is the amount that arrived at our bank: the sum of the rows' net."""

    settlement_id: str
    provider: ProviderName
    bank: str
    currency: str
    paid_at: datetime
    total: Money
    rows: tuple[Row, ...]
