"""The ports by which workers find payouts to process; each decision is made on the payout's own stream."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from application.payout.bank_port import TakenPayment
from domain.identifiers import BankAccountId, BatchId, MerchantId, PayoutId
from domain.money.money import Money


class PayoutQueue(Protocol):
    """Payouts and batches by read models, which may lag behind. Every method raises StoreUnavailable."""

    async def ready(self, payouts_max: int) -> Sequence[PayoutId]:
        """Payouts that wait for a file, the oldest first."""
        ...

    async def unanswered(self) -> Sequence[BatchId]:
        """Batches whose file the bank has not answered, oldest first."""
        ...

    async def bank_accounts(self, merchant_id: MerchantId, currency: str) -> Sequence[BankAccountId]:
        """The merchant's accounts that take the currency and were not removed, the newest first."""
        ...


class Available(Struct, frozen=True):
    """The amount that a merchant can be paid out: the available balance less the merchant's debt to us."""

    merchant_id: MerchantId
    amount: Money


class Balances(Protocol):
    """The balances that appends maintain. Every method raises StoreUnavailable."""

    async def owed(self, merchant_id: MerchantId, currency: str) -> Money:
        """The merchant's debt to us beyond its limit."""
        ...

    async def available_above(
        self, minimum_minor: int, *, after: Available | None = None, rows_max: int
    ) -> Sequence[Available]:
        """The amounts that merchants with an available balance of at least `minimum_minor` can be paid out, less
        their debts to us; in order, starting behind `after`, the last one of the page before."""
        ...


class ScheduleWatch(Protocol):
    """The time of the last sweep for scheduled payouts. Every method raises StoreUnavailable."""

    async def looked_at(self) -> datetime | None:
        """The start of the last sweep that ended; None before the first."""
        ...

    async def looked(self, at: datetime) -> None:
        """Record that a sweep which began at `at` has ended; no effect where a later sweep has ended."""
        ...


class BankFeed(Protocol):
    """Our place in each bank's feed of reports. Every method raises StoreUnavailable."""

    async def heard_up_to(self, bank: str) -> str | None:
        """The last report of the bank that was recorded; None before the first."""
        ...

    async def move(self, bank: str, *, before: str | None, after: str) -> bool:
        """Move our place from the report `before` to the report `after`. False, and no effect, where another worker
        has moved it."""
        ...


class PayoutsTaken(Protocol):
    """Payments that the bank had in the time that a restored store has lost. Every method raises StoreUnavailable."""

    async def keep(self, bank: str, payments: Sequence[TakenPayment]) -> None:
        """Record that the bank has these payments, so that no file of ours carries them again."""
        ...

    async def among(self, payout_ids: Sequence[PayoutId]) -> Mapping[PayoutId, TakenPayment]:
        """The payments that the bank has, by payout."""
        ...

    async def recorded(self, payout_id: PayoutId) -> None:
        """Forget the payment: the payout's own events record it by now."""
        ...
