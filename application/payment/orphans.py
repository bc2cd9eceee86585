"""What happened at a provider and is in no payment here: kept until the retry of its request or an operator ends it."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from application.provider.listing import Listed, ListedOperation, Unreadable
from domain.identifiers import OperationId, PaymentId, ProviderName
from domain.payment.events import OperationKind
from domain.payment.outcome import ActionRequired, Approved


class OrphanState(StrEnum):
    WAITING = "waiting"
    """It belongs to a request of a merchant of ours, whose retry will bring its payment."""
    UNEXPLAINED = "unexplained"
    EXPLAINED = "explained"
    """It is in a payment by now."""
    CLOSED = "closed"
    """An operator has done what there was to do."""


class Orphan(Struct, frozen=True, kw_only=True):
    """`name` is that of the entry in the provider's list; `reason` is why it is in no payment, or how it ended."""

    provider: ProviderName
    name: str
    fact: Listed
    state: OrphanState
    reason: str
    found_at: datetime

    @property
    def payment_id(self) -> PaymentId | None:
        """The payment that the fact belongs to, or will."""
        return None if isinstance(self.fact, Unreadable) else self.fact.payment_id

    @property
    def attempt_id(self) -> OperationId | None:
        """The id of the attempt where the fact is a charge that holds money, or may yet."""
        if not isinstance(self.fact, ListedOperation) or self.payment_id is None:
            return None
        said = self.fact.notification
        holds = said.about is OperationKind.AUTHORIZE and isinstance(said.outcome, Approved | ActionRequired)
        return said.operation_id if holds else None


class Pin(Struct, frozen=True):
    """Where a payment has a charge already, and the id that the provider knows its attempt by."""

    provider: ProviderName
    attempt_id: OperationId


class Pins(Protocol):
    def of(self, payment_id: PaymentId) -> Pin | None:
        """Answers from memory, refreshed in the background. Empty in a store that was never restored."""
        ...

    @property
    def reopened_at(self) -> datetime | None:
        """When the store was reopened after a restore; None where it never was restored, or is closed still."""
        ...


class OrphanRegister(Protocol):
    """Every method raises StoreUnavailable."""

    async def put(self, orphans: Sequence[Orphan]) -> None:
        """Keep them; of one that is there already, its newer state and reason, unless an operator has closed it."""
        ...

    async def explained(self, provider: ProviderName, names: Sequence[str], how: str) -> None:
        """They are in a payment by now, those of them that were kept."""
        ...

    async def open(self) -> Sequence[Orphan]:
        """Those that wait or are unexplained, by the time at which they happened."""
        ...

    async def with_payment(self) -> Sequence[Orphan]:
        """Those that are not explained, and whose payment is there by now."""
        ...

    async def find(self, provider: ProviderName, name: str) -> Orphan | None: ...

    async def close(self, provider: ProviderName, name: str, reason: str, actor: str) -> None:
        """An operator has done what there was to do. A retry of its request still finds the charge."""
        ...
