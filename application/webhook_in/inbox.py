"""The port to the inbox: what providers sent us, kept as it came, and what became of it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from domain.identifiers import PaymentId, ProviderName


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"
    """Given up, with a dead letter: an operator may have it tried again."""
    REFUSED = "refused"
    """Not believed: no more than a trace of it is kept."""


class NewDelivery(Struct, frozen=True, kw_only=True):
    """What came, before anything is made of it; of a refused one `body` is the beginning, and `result` says why."""

    id: UUID
    provider: ProviderName
    received_at: datetime
    headers: dict[str, str]
    body: bytes
    body_sha256: bytes
    state: DeliveryState = DeliveryState.WAITING
    result: str | None = None


class Delivery(Struct, frozen=True, kw_only=True):
    """One that waits to be worked on, by whoever has the lease of it. `tries` counts those before; `was_dead` when
    there may be a dead letter about it: an operator had it tried again, or who was giving it up did not come to
    writing that down. It came in `waited_s` ago, when the store's last event was at the position `head`."""

    id: UUID
    provider: ProviderName
    body: bytes
    head: int
    waited_s: float
    tries: int
    was_dead: bool
    leased_until: datetime


class Finished(Struct, frozen=True, kw_only=True):
    """What came of working on a delivery; one that still waits is due again in `again_after_s`. It counts only while
    the delivery's lease is the one that it was worked on under."""

    id: UUID
    leased_until: datetime
    state: DeliveryState
    result: str
    event_id: str | None
    payment_id: PaymentId | None
    tries: int
    again_after_s: float | None = None


class EventName(Struct, frozen=True):
    """How a provider names one of its notifications: one that comes twice is one."""

    provider: ProviderName
    event_id: str


class Intake(Protocol):
    """Where a delivery goes as it comes."""

    async def add(self, delivery: NewDelivery) -> None:
        """Durable when this returns. Raises StoreUnavailable; WriterBusy when too many wait already."""
        ...


class Inbox(Protocol):
    """What the worker does with it. Every method raises StoreUnavailable."""

    async def claim(
        self, deliveries_max: int, *, but: Collection[UUID] = (), not_of: Collection[ProviderName] = ()
    ) -> Sequence[Delivery]:
        """Waiting ones that are due, the longest due first; nobody else gets them until their lease is over. None of
        `but`, which the caller has in hand, and none from the providers `not_of`."""
        ...

    async def hold(self, delivery: Delivery, *, giving_up: bool = False) -> Delivery | None:
        """With a fresh lease; None when somebody else has it by now. `giving_up` is said before a dead letter is
        written, so that whoever gets the delivery next knows that there may be one."""
        ...

    async def first_of(self, names: Sequence[tuple[UUID, EventName]]) -> dict[EventName, UUID]:
        """For each name the delivery that came with it first, which is the one given with it if none had before."""
        ...

    async def bodies_of(self, deliveries: Sequence[UUID]) -> dict[UUID, bytes]:
        """Of those that are there."""
        ...

    async def finish(self, finished: Sequence[Finished]) -> set[UUID]:
        """Write down what came of deliveries; of one that somebody else has by now, nothing. Those written down."""
        ...

    async def wait_again(self, delivery_id: UUID) -> None:
        """Put one back in line, with fresh tries, whatever came of it before, and take it from who has it now."""
        ...


class StoredDelivery(Struct, frozen=True, kw_only=True):
    """A delivery as an operator sees it; `next_try_at` is None for one that does not wait."""

    id: UUID
    provider: ProviderName
    received_at: datetime
    headers: dict[str, str]
    body: bytes
    body_sha256: bytes
    event_id: str | None
    state: DeliveryState
    result: str | None
    payment_id: PaymentId | None
    tries: int
    next_try_at: datetime | None


class DeliveryArchive(Protocol):
    """Everything that ever came. Every method raises StoreUnavailable."""

    async def search(
        self,
        *,
        deliveries_max: int,
        before: UUID | None = None,
        provider: ProviderName | None = None,
        state: DeliveryState | None = None,
    ) -> Sequence[StoredDelivery]:
        """Newest first; `before` is the last of the page before."""
        ...

    async def find(self, delivery_id: UUID) -> StoredDelivery | None: ...

    async def dead_of(self, payment_id: PaymentId) -> Sequence[StoredDelivery]:
        """Those of a payment that were given up, oldest first."""
        ...
