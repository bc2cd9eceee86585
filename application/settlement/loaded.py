"""A settlement's own stream: that it was received, and what of it is no movement of a payment."""

from collections.abc import Callable
from datetime import datetime
from typing import cast

from application.write.append import CONFLICTS_MAX, TooManyConflicts
from application.write.recording import record_all
from application.write.store import Append, Appended, EventStore
from domain.history import Cause, last_recorded_at
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
    """Each method raises TooManyConflicts, StoreUnavailable."""

    def __init__(self, store: EventStore, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def receive(self, file: SettlementFile, cause: Cause) -> None:
        """Raises SettlementDiffers."""
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
        """Whether it was not booked before. Raises ItemDiffers."""
        command = BookItem(kind=row.kind, reference=row.reference, gross=row.gross, cost=row.cost)

        def decide(settlement: Settlement | None) -> tuple[SettlementEvent, ...]:
            assert settlement is not None, "it was received"
            return book_item(settlement, command)

        return await self._decide(file, decide, cause)

    async def _decide(self, file: SettlementFile, decide: Decision, cause: Cause) -> bool:
        stream_id = settlement_stream(file.provider, file.settlement_id)
        for _ in range(CONFLICTS_MAX):
            history = await self._store.history(stream_id)
            events = decide(fold(cast("SettlementEvent", each.event.data) for each in history))
            if not events:
                return False
            recorded = record_all(
                stream_id,
                len(history),
                events,
                merchant_id=PLATFORM,
                cause=cause,
                now=self._now(),
                updated_at=last_recorded_at(history),
            )
            if isinstance(await self._store.append(Append(events=recorded)), Appended):
                return True
        raise TooManyConflicts()
