"""The ports by which payouts' runs find what there is to do: what they name is decided on its own stream."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from application.payout.bank_port import TakenPayment
from domain.identifiers import BankAccountId, BatchId, MerchantId, PayoutId
from domain.money.money import Money


class PayoutQueue(Protocol):
    """What read models show, perhaps a moment late. Every method raises StoreUnavailable."""

    async def ready(self, payouts_max: int) -> Sequence[PayoutId]:
        """Payouts that wait for a file, the oldest first."""
        ...

    async def unanswered(self) -> Sequence[BatchId]:
        """Batches whose file the bank has not answered for, the oldest first."""
        ...

    async def bank_accounts(self, merchant_id: MerchantId, currency: str) -> Sequence[BankAccountId]:
        """Those of the merchant that take the currency and were not removed, the one added last first."""
        ...


class Available(Struct, frozen=True):
    """What a merchant can be paid out: nothing, or less, where it owes us as much as is available."""

    merchant_id: MerchantId
    amount: Money


class Balances(Protocol):
    """As the appends keep them. Every method raises StoreUnavailable."""

    async def owed(self, merchant_id: MerchantId, currency: str) -> Money:
        """What the merchant owes us beyond its limit."""
        ...

    async def available_above(
        self, minimum_minor: int, *, after: Available | None = None, rows_max: int
    ) -> Sequence[Available]:
        """What merchants whose available balance is at least so much can be paid out, which is less where they owe us;
        in order, those behind `after`, the last of a page."""
        ...


class ScheduleWatch(Protocol):
    """Until when scheduled payouts have been looked after. Every method raises StoreUnavailable."""

    async def looked_at(self) -> datetime | None:
        """When the last sweep that ended began; None before the first."""
        ...

    async def looked(self, at: datetime) -> None:
        """A sweep that began then has ended; nothing where a later one has."""
        ...


class BankFeed(Protocol):
    """How far we have come in what each bank says. Every method raises StoreUnavailable."""

    async def heard_up_to(self, bank: str) -> str | None:
        """The last of its reports that has been taken in; None before the first."""
        ...

    async def move(self, bank: str, *, before: str | None, after: str) -> bool:
        """Everything up to the report `after` is taken in. False, and no effect, where it does not stand at `before`
        any more: somebody else has moved it."""
        ...


class PayoutsTaken(Protocol):
    """Payments that the bank had in the time that a restored store has lost. Every method raises StoreUnavailable."""

    async def keep(self, bank: str, payments: Sequence[TakenPayment]) -> None:
        """The bank has them: they go in no file of ours again."""
        ...

    async def among(self, payout_ids: Sequence[PayoutId]) -> Mapping[PayoutId, TakenPayment]:
        """Those of these payouts that the bank has."""
        ...

    async def recorded(self, payout_id: PayoutId) -> None:
        """The payout says so itself by now."""
        ...
