"""An operation that no payment here has is kept until the retry of its request, or an operator, ends it."""

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
    """The orphan belongs to a request of one of our merchants, whose retry will bring its payment."""
    UNEXPLAINED = "unexplained"
    EXPLAINED = "explained"
    """A payment has the operation by now."""
    CLOSED = "closed"
    """An operator has ended the orphan."""


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
    """The provider that has a payment's charge already, and the id of the attempt there."""

    provider: ProviderName
    attempt_id: OperationId


class Pins(Protocol):
    def of(self, payment_id: PaymentId) -> Pin | None:
        """The payment's pin, from memory that is refreshed in the background; None in a store never restored."""
        ...

    @property
    def reopened_at(self) -> datetime | None:
        """When the store was reopened after a restore; None where it never was restored, or is closed still."""
        ...


class OrphanRegister(Protocol):
    """Every method raises StoreUnavailable."""

    async def put(self, orphans: Sequence[Orphan]) -> None:
        """Keep the orphans; one kept already gets the new state and reason, unless an operator has closed it."""
        ...

    async def explained(self, provider: ProviderName, names: Sequence[str], how: str) -> None:
        """Mark those of the orphans that are kept as explained."""
        ...

    async def open(self) -> Sequence[Orphan]:
        """The orphans that wait or are unexplained, by the time at which they happened."""
        ...

    async def with_payment(self) -> Sequence[Orphan]:
        """The orphans that are not explained, and whose payment is on record by now."""
        ...

    async def find(self, provider: ProviderName, name: str) -> Orphan | None: ...

    async def close(self, provider: ProviderName, name: str, reason: str, actor: str) -> None:
        """Mark the orphan as closed by an operator. A retry of its request still finds the charge."""
        ...
