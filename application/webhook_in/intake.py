"""A provider's delivery is verified by its signature, stored as received, and acknowledged before any processing."""

# A refused delivery leaves a trace, so that an operator sees a wrong secret or an attack. The traces of a minute are
# limited, so that outsiders cannot fill the disk.

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from application.provider.webhook import Notifications, SignatureInvalid, SignatureStale
from application.webhook_in.inbox import DeliveryState, Intake, NewDelivery
from application.write.store import StoreUnavailable
from domain.errors import DomainError
from domain.identifiers import ProviderName

TRACES_A_MINUTE_MAX: Final = 20
TRACE_BYTES_MAX: Final = 1024
HEADERS_MAX: Final = 32
HEADER_BYTES_MAX: Final = 512
_NOT_KEPT: Final = frozenset({"authorization", "cookie", "proxy-authorization", "connection", "host", "accept"})

ACCEPTED, BAD_SIGNATURE, STALE = "accepted", "bad_signature", "stale"


class ProviderUnknown(DomainError):
    """We have no account at a provider of that name."""


class DeliveryNotSigned(DomainError):
    """The delivery is not signed by the provider."""


class DeliveryStale(DomainError):
    """The delivery was signed too long ago, or in the future."""


class DeliveryWatcher(Protocol):
    """Receives the result of each delivery to a known provider; `kept` is False for a delivery that left no trace."""

    def __call__(self, *, provider: ProviderName, result: str, kept: bool) -> None: ...


def unwatched(*, provider: ProviderName, result: str, kept: bool) -> None:
    pass


class ProviderWebhooks:
    """Verifies and stores deliveries."""

    def __init__(
        self,
        *,
        notifications: Mapping[ProviderName, Notifications],
        intake: Intake,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
        watcher: DeliveryWatcher = unwatched,
    ) -> None:
        self._notifications = notifications
        self._intake = intake
        self._now = now
        self._new_id = new_id
        self._watcher = watcher
        self._traces = _Traces()

    def require_known(self, provider: str) -> None:
        """Raises ProviderUnknown for a provider that is not configured."""
        self._notifications_of(provider)

    async def receive(self, provider: str, headers: Mapping[str, str], body: bytes) -> UUID:
        """Verify and store a delivery, durably; our id of the delivery. The names of `headers` are in lower case.

        Raises ProviderUnknown, DeliveryNotSigned, DeliveryStale, StoreUnavailable, WriterBusy.
        """
        name, notifications = ProviderName(provider), self._notifications_of(provider)
        now = self._now()
        try:
            notifications.verify(headers, body, now)
        except SignatureStale:
            await self._leave_trace(name, headers, body, now, STALE)
            raise DeliveryStale() from None
        except SignatureInvalid:
            await self._leave_trace(name, headers, body, now, BAD_SIGNATURE)
            raise DeliveryNotSigned() from None
        delivery_id = self._new_id()
        await self._intake.add(
            NewDelivery(
                id=delivery_id,
                provider=name,
                received_at=now,
                headers=_kept(headers),
                body=body,
                body_sha256=hashlib.sha256(body).digest(),
            )
        )
        self._watcher(provider=name, result=ACCEPTED, kept=True)
        return delivery_id

    def _notifications_of(self, provider: str) -> Notifications:
        notifications = self._notifications.get(ProviderName(provider))
        if notifications is None:
            raise ProviderUnknown()
        return notifications

    async def _leave_trace(
        self, provider: ProviderName, headers: Mapping[str, str], body: bytes, now: datetime, result: str
    ) -> None:
        """Store a trace of a refused delivery, unless too many were left in this minute. An error of the store is
        ignored, so that the refusal is answered."""
        kept = self._traces.take_one(now)
        if kept:
            trace = NewDelivery(
                id=self._new_id(),
                provider=provider,
                received_at=now,
                headers=_kept(headers),
                body=body[:TRACE_BYTES_MAX],
                body_sha256=hashlib.sha256(body).digest(),
                state=DeliveryState.REFUSED,
                result=result,
            )
            try:
                await self._intake.add(trace)
            except StoreUnavailable:
                kept = False
        self._watcher(provider=provider, result=result, kept=kept)


class _Traces:
    """The number of traces that this process may still leave in the present minute."""

    def __init__(self) -> None:
        self._minute: datetime | None = None
        self._left = 0

    def take_one(self, now: datetime) -> bool:
        minute = now.replace(second=0, microsecond=0)
        if minute != self._minute:
            self._minute, self._left = minute, TRACES_A_MINUTE_MAX
        if not self._left:
            return False
        self._left -= 1
        return True


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers to store: without credentials, and bounded in number and length. An HTTP header cannot contain NUL,
    which no column takes."""
    matter = {name: value[:HEADER_BYTES_MAX] for name, value in headers.items() if name not in _NOT_KEPT}
    return dict(list(matter.items())[:HEADERS_MAX])
