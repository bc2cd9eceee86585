"""The port to the inbox: providers' deliveries, stored as received, with their results."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable
from uuid import UUID

from msgspec import Struct

from domain.identifiers import PaymentId, ProviderName


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"
    """Given up, with a dead letter: an operator may retry the delivery."""
    REFUSED = "refused"
    """Refused for its signature: only a trace of the delivery is stored."""


class NewDelivery(Struct, frozen=True, kw_only=True):
    """A delivery as received; of a refused one, `body` is the beginning of the body, and `result` is the reason."""

    id: UUID
    provider: ProviderName
    received_at: datetime
    headers: dict[str, str]
    body: bytes
    body_sha256: bytes
    state: DeliveryState = DeliveryState.WAITING
    result: str | None = None


class Delivery(Struct, frozen=True, kw_only=True):
    """A claimed delivery, with the end of its lease.

    `tries` counts the earlier attempts. `was_dead` is True where a dead letter may exist: an operator has retried the
    delivery, or a worker has begun to give the delivery up. The delivery was received `waited_s` seconds ago, when the
    store's last event was at the position `head`.
    """

    id: UUID
    provider: ProviderName
    body: bytes
    head: int
    waited_s: float
    tries: int
    was_dead: bool
    leased_until: datetime


class Finished(Struct, frozen=True, kw_only=True):
    """The result of work on a delivery; a delivery that still waits is due again in `again_after_s` seconds. The result
    is written only while the delivery's lease is the one that ends at `leased_until`."""

    id: UUID
    leased_until: datetime
    state: DeliveryState
    result: str
    event_id: str | None
    payment_id: PaymentId | None
    tries: int
    again_after_s: float | None = None


class EventName(Struct, frozen=True):
    """A provider's id of a notification: deliveries with the same id are one notification."""

    provider: ProviderName
    event_id: str


class Intake(Protocol):
    """The port that stores a delivery on receipt."""

    async def add(self, delivery: NewDelivery) -> None:
        """Store the delivery durably. Raises StoreUnavailable; WriterBusy when too many deliveries wait already."""
        ...


class Inbox(Protocol):
    """The inbox as a worker uses it. Every method raises StoreUnavailable."""

    async def claim(
        self, deliveries_max: int, *, but: Collection[UUID] = (), not_of: Collection[ProviderName] = ()
    ) -> Sequence[Delivery]:
        """Claim waiting deliveries that are due, longest due first: no other worker is given them before their leases
        end. Excluded are the ids in `but`, which the caller has in hand, and the providers `not_of`."""
        ...

    async def hold(self, delivery: Delivery, *, giving_up: bool = False) -> Delivery | None:
        """The delivery under a fresh lease; None where another worker has claimed the delivery. `giving_up` is stored
        before a dead letter is written, so that the next worker of the delivery knows that a letter may exist."""
        ...

    async def first_of(self, names: Sequence[tuple[UUID, EventName]]) -> dict[EventName, UUID]:
        """The id of the first delivery of each name: the delivery given with the name, unless an earlier one is
        recorded."""
        ...

    async def bodies_of(self, deliveries: Sequence[UUID]) -> dict[UUID, bytes]:
        """The bodies by delivery id, of the deliveries that exist."""
        ...

    async def finish(self, finished: Sequence[Finished]) -> set[UUID]:
        """Write the results, except for deliveries that another worker has claimed since; the ids of the deliveries
        written."""
        ...

    async def idle_s(self) -> float | None:
        """The seconds until the next waiting delivery is due, or another worker's lease ends; None without one."""
        ...

    async def wait_again(self, delivery_id: UUID) -> None:
        """Make the delivery due now, with no attempts counted, whatever its result was, and end its present lease."""
        ...


class StoredDelivery(Struct, frozen=True, kw_only=True):
    """A delivery as an operator sees it; `next_try_at` is None for a delivery that does not wait."""

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


@runtime_checkable
class DeliveryArchive(Protocol):
    """All deliveries ever received. Every method raises StoreUnavailable."""

    async def search(
        self,
        *,
        deliveries_max: int,
        before: UUID | None = None,
        provider: ProviderName | None = None,
        state: DeliveryState | None = None,
    ) -> Sequence[StoredDelivery]:
        """A page of deliveries, newest first; `before` is the last id of the previous page."""
        ...

    async def find(self, delivery_id: UUID) -> StoredDelivery | None: ...

    async def dead_of(self, payment_id: PaymentId) -> Sequence[StoredDelivery]:
        """The deliveries of a payment that were given up, oldest first."""
        ...
