"""A provider's settlement is applied row by row: a row applied before changes nothing, and a row that does not fit our
books is refused alone."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple, Protocol, assert_never

from msgspec import Struct

from application.payment.funding import FundingSearch
from application.payment.loaded import LoadedPayment, loaded_from, payment_events
from application.settlement.books import SettlementBooks
from application.terms.balance_floors import floors_for
from application.terms.pricing_context import PricingContexts
from application.write.append import Proposal, Unchanged, decide_and_append, unreachable
from application.write.store import Append, EventStore
from domain.errors import DomainError
from domain.history import Cause
from domain.identifiers import PaymentId, ProviderName
from domain.payment.debit import TRUE_UP_FUNDING
from domain.payment.movements import Movement, MovementKey, movements_of
from domain.payment.settlement_events import MovementKind, MovementSettled
from domain.settlement.rows import ItemRow, Row, SettlementFile, SettlementRow, UnknownRow
from domain.settlement.settle_movement import FeePlans, MovementUnknown, SettleMovement, settle_movement
from domain.settlement.settlement import ItemDiffers

CONCURRENT_MAX: Final = 32
"""Rows applied side by side, so that their appends share transactions."""


class FoundMovement(NamedTuple):
    """The payment of a movement, and our id for the movement."""

    payment_id: PaymentId
    movement_id: str


class MovementFinder(Protocol):
    """The port to the movements at providers, by their names. Each method raises StoreUnavailable."""

    async def by_operation(self, kind: MovementKind, operation_id: str) -> FoundMovement | None: ...

    async def by_reference(self, provider: ProviderName, kind: MovementKind, reference: str) -> Sequence[FoundMovement]:
        """All movements of that name: more than one where the provider uses a name twice."""
        ...

    async def settled_in(self, provider: ProviderName, settlement_id: str) -> int:
        """The number of rows applied of that settlement."""
        ...


class MovementAmbiguous(DomainError):
    """Several movements have the provider's reference: the row has to name our operation's id."""

    movement: MovementKind
    reference: str


class RowKindUnknown(DomainError):
    """No rule books a row of that kind."""

    kind: str


class RowOutcome(StrEnum):
    APPLIED = "applied"
    APPLIED_BEFORE = "applied_before"
    REFUSED = "refused"


class RowResult(Struct, frozen=True, kw_only=True):
    """The outcome of one row; `refusal` is the reason of a refused one."""

    row: Row
    outcome: RowOutcome
    refusal: DomainError | None = None


PaymentLocks = defaultdict[PaymentId, asyncio.Lock]
"""Rows of one payment are applied one after the other, so that they do not conflict."""


class _Situation(NamedTuple):
    """A payment and all that moved at its provider."""

    payment: LoadedPayment
    movements: Mapping[MovementKey, Movement]


class Settlements:
    def __init__(
        self,
        *,
        store: EventStore,
        finder: MovementFinder,
        pricing_contexts: PricingContexts,
        plans: FeePlans,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._books = SettlementBooks(store, now=now)
        self._finder = finder
        self._pricing_contexts = pricing_contexts
        self._plans = plans
        self._now = now

    async def apply(self, file: SettlementFile, cause: Cause) -> AsyncIterator[RowResult]:
        """Apply every row. Applying the file again after an interruption applies the rows that are left.

        Raises SettlementDiffers where a settlement of that name is another one, TooManyConflicts, StoreUnavailable.
        """
        await self._books.receive(file, cause)
        movements: list[SettlementRow] = []
        for row in file.rows:
            match row:
                case SettlementRow():
                    movements.append(row)
                case ItemRow():
                    yield await self._item(file, row, cause)
                case UnknownRow():
                    refusal = RowKindUnknown(kind=row.movement)
                    yield RowResult(row=row, outcome=RowOutcome.REFUSED, refusal=refusal)
                case _:
                    assert_never(row)
        for first in range(0, len(movements), CONCURRENT_MAX):
            together = movements[first : first + CONCURRENT_MAX]
            locks: PaymentLocks = defaultdict(asyncio.Lock)
            for result in await asyncio.gather(*(self._row(file, row, cause, locks) for row in together)):
                yield result

    async def applied_before(self, file: SettlementFile) -> int:
        """The number of rows of the settlement that the view knows to be applied. Raises StoreUnavailable."""
        return await self._finder.settled_in(file.provider, file.settlement_id)

    async def _item(self, file: SettlementFile, row: ItemRow, cause: Cause) -> RowResult:
        try:
            applied = await self._books.book(file, row, cause)
        except ItemDiffers as error:
            return RowResult(row=row, outcome=RowOutcome.REFUSED, refusal=error)
        return RowResult(row=row, outcome=RowOutcome.APPLIED if applied else RowOutcome.APPLIED_BEFORE)

    async def _row(self, file: SettlementFile, row: SettlementRow, cause: Cause, locks: PaymentLocks) -> RowResult:
        try:
            found = await self._find(file, row)
            command = SettleMovement(
                provider=file.provider,
                settlement_id=file.settlement_id,
                bank=file.bank,
                movement=row.movement,
                movement_id=found.movement_id,
                gross=row.gross,
                cost=row.cost,
            )
            async with locks[found.payment_id]:
                applied = await self._settle(found.payment_id, command, cause)
        except DomainError as error:
            return RowResult(row=row, outcome=RowOutcome.REFUSED, refusal=error)
        return RowResult(row=row, outcome=RowOutcome.APPLIED if applied else RowOutcome.APPLIED_BEFORE)

    async def _find(self, file: SettlementFile, row: SettlementRow) -> FoundMovement:
        """Raises MovementUnknown, MovementAmbiguous."""
        if row.operation_id is not None:
            found = await self._finder.by_operation(row.movement, str(row.operation_id))
            if found is None:
                raise MovementUnknown(movement=row.movement, movement_id=row.named)
            return found
        several = await self._finder.by_reference(file.provider, row.movement, row.named)
        if len(several) > 1:
            raise MovementAmbiguous(movement=row.movement, reference=row.named)
        if not several:
            raise MovementUnknown(movement=row.movement, movement_id=row.named)
        return several[0]

    async def _settle(self, payment_id: PaymentId, command: SettleMovement, cause: Cause) -> bool:
        """Record the movement as settled; False when that was on record."""
        search = FundingSearch(TRUE_UP_FUNDING)

        async def load() -> _Situation:
            history = await self._store.history(payment_id)
            return _Situation(loaded_from(payment_id, history), movements_of(payment_events(history)))

        def propose(situation: _Situation) -> Proposal[bool] | Unchanged[bool]:
            loaded, movements = situation
            events = settle_movement(loaded.payment, movements, command, self._plans, source=search.funding.source)
            return Proposal(self._append(loaded, events, cause), lambda _: True) if events else Unchanged(False)

        return await decide_and_append(
            self._store,
            load,
            propose,
            limit_broken=lambda situation, broken: search.try_next(situation.payment.merchant_id, broken),
            key_used=unreachable,
        )

    def _append(self, loaded: LoadedPayment, events: Sequence[MovementSettled], cause: Cause) -> Append:
        rule = self._pricing_contexts.of(loaded.merchant_id).terms.settlement
        return Append(events=loaded.record(events, cause=cause, now=self._now()), floors=floors_for(events, rule))
