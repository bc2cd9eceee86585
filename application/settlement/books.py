"""A settlement's own stream records its receipt and the rows that are no movement of a payment."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import cast

from application.write.append import Proposal, Unchanged, decide_and_append, unreachable
from application.write.recording import record_all
from application.write.store import Append, EventStore
from domain.history import Cause, Positioned, last_recorded_at
from domain.identifiers import PLATFORM
from domain.settlement.events import SettlementEvent
from domain.settlement.rows import ItemRow, SettlementFile
from domain.settlement.settlement import (
    BookItem,
    ReceiveSettlement,
    Settlement,
    book_item,
    fold,
    receive,
    settlement_stream,
)

Decision = Callable[[Settlement | None], tuple[SettlementEvent, ...]]


class SettlementBooks:
    """Writes the streams of settlements. Each method raises TooManyConflicts, StoreUnavailable."""

    def __init__(self, store: EventStore, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def receive(self, file: SettlementFile, cause: Cause) -> None:
        """Record the receipt of the settlement. Raises SettlementDiffers."""
        command = ReceiveSettlement(
            provider=file.provider,
            settlement_id=file.settlement_id,
            bank=file.bank,
            currency=file.currency,
            paid_at=file.paid_at,
            total=file.total,
        )
        await self._decide(file, lambda settlement: receive(settlement, command), cause)

    async def book(self, file: SettlementFile, row: ItemRow, cause: Cause) -> bool:
        """Book a row that is no movement; False when the row is booked already. Raises ItemDiffers."""
        command = BookItem(kind=row.kind, reference=row.reference, gross=row.gross, cost=row.cost)

        def decide(settlement: Settlement | None) -> tuple[SettlementEvent, ...]:
            assert settlement is not None, "a row is booked after the receipt"
            return book_item(settlement, command)

        return await self._decide(file, decide, cause)

    async def _decide(self, file: SettlementFile, decide: Decision, cause: Cause) -> bool:
        """Append the decision's events; False where there are none."""
        stream_id = settlement_stream(file.provider, file.settlement_id)

        def propose(history: Sequence[Positioned]) -> Proposal[bool] | Unchanged[bool]:
            events = decide(fold(cast("SettlementEvent", each.event.data) for each in history))
            if not events:
                return Unchanged(False)
            recorded = record_all(
                stream_id,
                len(history),
                events,
                merchant_id=PLATFORM,
                cause=cause,
                now=self._now(),
                updated_at=last_recorded_at(history),
            )
            return Proposal(Append(events=recorded), lambda _: True)

        return await decide_and_append(
            self._store,
            lambda: self._store.history(stream_id),
            propose,
            limit_broken=unreachable,
            key_used=unreachable,
        )
