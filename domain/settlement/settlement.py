"""A provider's settlement is recorded once: a repeat changes nothing, and a row that differs from its record is
refused."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, assert_never
from uuid import UUID, uuid5

from msgspec import Struct
from msgspec.structs import replace

from domain.errors import DomainError
from domain.identifiers import ProviderName
from domain.money.money import Money
from domain.payment.settlement_events import ProviderCost
from domain.settlement.events import (
    ItemKind,
    SettlementCorrected,
    SettlementEvent,
    SettlementItemBooked,
    SettlementReceived,
)

_NAMESPACE: Final = UUID("6a0f9a4e-53f1-5f0b-9a77-0b1c7e0d2f35")

ItemKey = tuple[ItemKind, str | None]


class SettlementDiffers(DomainError):
    """A settlement of that name is on record and differs in `what`: this is another settlement."""

    settlement_id: str
    what: str
    ours: str
    theirs: str


class ItemDiffers(DomainError):
    """The row is booked already, and the file differs from the record in `what`."""

    kind: str
    reference: str
    what: str
    ours: str
    theirs: str


class Settlement(Struct, frozen=True, kw_only=True):
    """`total` is the last one that was received; `items` are the booked rows that are no movement."""

    received: SettlementReceived
    total: Money
    items: Mapping[ItemKey, SettlementItemBooked] = {}


class ReceiveSettlement(Struct, frozen=True, kw_only=True):
    provider: ProviderName
    settlement_id: str
    bank: str
    currency: str
    paid_at: datetime
    total: Money


class BookItem(Struct, frozen=True, kw_only=True):
    kind: ItemKind
    reference: str | None
    gross: Money
    cost: ProviderCost


def settlement_stream(provider: ProviderName, settlement_id: str) -> UUID:
    """The id of the settlement's stream, derived, so that a settlement taken in again is the same one."""
    return uuid5(_NAMESPACE, f"{provider}:{settlement_id}")


def fold(events: Iterable[SettlementEvent]) -> Settlement | None:
    """The settlement after `events`, None when there are none."""
    settlement: Settlement | None = None
    for event in events:
        match event:
            case SettlementReceived():
                settlement = Settlement(received=event, total=event.total)
            case SettlementCorrected(total=total):
                settlement = None if settlement is None else replace(settlement, total=total)
            case SettlementItemBooked(kind=kind, reference=reference):
                assert settlement is not None, "a settlement begins with its receipt"
                settlement = replace(settlement, items={**settlement.items, (kind, reference): event})
            case _:
                assert_never(event)
    return settlement


def receive(settlement: Settlement | None, command: ReceiveSettlement) -> tuple[SettlementEvent, ...]:
    """Record the receipt; no event when the same settlement is on record. Another total is a correction: rows that were
    refused may have been wrong. Raises SettlementDiffers."""
    if settlement is None:
        return (
            SettlementReceived(
                provider=command.provider,
                settlement_id=command.settlement_id,
                bank=command.bank,
                currency=command.currency,
                paid_at=command.paid_at,
                total=command.total,
            ),
        )
    before = settlement.received
    for what, ours, theirs in (
        ("bank", before.bank, command.bank),
        ("currency", before.currency, command.currency),
        ("time of payment", before.paid_at.isoformat(), command.paid_at.isoformat()),
    ):
        if ours != theirs:
            raise SettlementDiffers(settlement_id=command.settlement_id, what=what, ours=ours, theirs=theirs)
    return () if settlement.total == command.total else (SettlementCorrected(total=command.total),)


def book_item(settlement: Settlement, command: BookItem) -> tuple[SettlementEvent, ...]:
    """Book the row; no event when the same row is booked. Raises ItemDiffers."""
    received = settlement.received
    before = settlement.items.get((command.kind, command.reference))
    if before is None:
        return (
            SettlementItemBooked(
                provider=received.provider,
                settlement_id=received.settlement_id,
                bank=received.bank,
                kind=command.kind,
                reference=command.reference,
                gross=command.gross,
                cost=command.cost,
            ),
        )
    for what, ours, theirs in (
        ("amount", str(before.gross), str(command.gross)),
        ("cost", str(before.cost.total_minor), str(command.cost.total_minor)),
    ):
        if ours != theirs:
            named = command.reference or "without a reference"
            raise ItemDiffers(kind=command.kind, reference=named, what=what, ours=ours, theirs=theirs)
    return ()
