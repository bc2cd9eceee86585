"""A provider's settlement is applied row by row: what was applied before changes nothing, what does not fit our books
is refused and told, and the rest goes on."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple, Protocol, assert_never

from msgspec import Struct

from application.payment.loaded import LoadedPayment, loaded_from, payment_events
from application.settlement.loaded import SettlementBooks
from application.terms.balance_floors import floors_for
from application.terms.pricing_context import PricingContexts
from application.write.append import CONFLICTS_MAX, BalanceLimitBroken, TooManyConflicts
from application.write.store import Append, Appended, EventStore, KeyUsed, LimitBroken, VersionConflict
from domain.errors import DomainError
from domain.history import Cause
from domain.identifiers import PaymentId, ProviderName
from domain.ledger.accounts import AccountCode
from domain.payment.debit import TRUE_UP_FUNDING, next_funding_source
from domain.payment.events import MovementKind, MovementSettled
from domain.payment.movements import movements_of
from domain.settlement.rows import ItemRow, Row, SettlementFile, SettlementRow, UnknownRow
from domain.settlement.settle_movement import FeePlans, MovementUnknown, SettleMovement, settle_movement
from domain.settlement.settlement import ItemDiffers

CONCURRENT_MAX: Final = 32
"""Rows applied side by side, so that their appends share transactions."""


class FoundMovement(NamedTuple):
    """Which payment's, and our id for it."""

    payment_id: PaymentId
    movement_id: str


class MovementFinder(Protocol):
    """What moved at providers, by its names. Each method raises StoreUnavailable."""

    async def by_operation(self, kind: MovementKind, operation_id: str) -> FoundMovement | None: ...

    async def by_reference(self, provider: ProviderName, kind: MovementKind, reference: str) -> Sequence[FoundMovement]:
        """More than one where a provider uses a name twice."""
        ...

    async def settled_in(self, provider: ProviderName, settlement_id: str) -> int:
        """How many rows were applied of that settlement."""
        ...


class MovementAmbiguous(DomainError):
    """The provider's reference is that of several movements: our operation's id has to say which."""

    movement: MovementKind
    reference: str


class RowKindUnknown(DomainError):
    """The row is of a kind that has no rule."""

    kind: str


class RowOutcome(StrEnum):
    APPLIED = "applied"
    APPLIED_BEFORE = "applied_before"
    REFUSED = "refused"


class RowResult(Struct, frozen=True, kw_only=True):
    """What became of a row; `refusal` says why it was refused."""

    row: Row
    outcome: RowOutcome
    refusal: DomainError | None = None


Turns = defaultdict[PaymentId, asyncio.Lock]
"""Rows of one payment are applied one after the other, so that they do not conflict."""


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
        """Apply every row; whatever stops it, a further time goes on from there.

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
            turns: Turns = defaultdict(asyncio.Lock)
            for result in await asyncio.gather(*(self._row(file, row, cause, turns) for row in together)):
                yield result

    async def applied_before(self, file: SettlementFile) -> int:
        """How many rows of the settlement had been applied, as far as the view has come. Raises StoreUnavailable."""
        return await self._finder.settled_in(file.provider, file.settlement_id)

    async def _item(self, file: SettlementFile, row: ItemRow, cause: Cause) -> RowResult:
        try:
            applied = await self._books.book(file, row, cause)
        except ItemDiffers as error:
            return RowResult(row=row, outcome=RowOutcome.REFUSED, refusal=error)
        return RowResult(row=row, outcome=RowOutcome.APPLIED if applied else RowOutcome.APPLIED_BEFORE)

    async def _row(self, file: SettlementFile, row: SettlementRow, cause: Cause, turns: Turns) -> RowResult:
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
            async with turns[found.payment_id]:
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
        """Whether it was not settled before."""
        funding = TRUE_UP_FUNDING
        for _ in range(CONFLICTS_MAX):
            history = await self._store.history(payment_id)
            loaded = loaded_from(payment_id, history)
            movements = movements_of(payment_events(history))
            events = settle_movement(loaded.payment, movements, command, self._plans, source=funding.source)
            if not events:
                return False
            result = await self._store.append(self._append(loaded, events, cause))
            match result:
                case Appended():
                    return True
                case VersionConflict():
                    pass
                case LimitBroken(account=account, currency=currency):
                    following = next_funding_source(funding, AccountCode(account), loaded.merchant_id)
                    if following is None:
                        raise BalanceLimitBroken(account=account, currency=currency)
                    funding = following
                case KeyUsed():
                    raise AssertionError("a settlement claims no key")
                case _:
                    assert_never(result)
        raise TooManyConflicts()

    def _append(self, loaded: LoadedPayment, events: Sequence[MovementSettled], cause: Cause) -> Append:
        rule = self._pricing_contexts.of(loaded.merchant_id).terms.settlement
        return Append(events=loaded.record(events, cause=cause, now=self._now()), floors=floors_for(events, rule))
