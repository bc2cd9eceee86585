"""A claimed delivery with the facts that its worker has found so far: its notification, its payment, its action."""

from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import Struct

from application.payment.apply_notification import Result
from application.provider.webhook import DisputeNotification, Notification
from application.webhook_in.inbox import Delivery, EventName
from application.work.leased import Outcome
from domain.history import Cause
from domain.identifiers import PLATFORM, MerchantId, OperationId, PaymentId, ProviderName

RESULT_CHARACTERS_MAX: Final = 500

Action = Callable[[], Awaitable[Result | Outcome]]


class Work(Struct, frozen=True, kw_only=True):
    """A delivery and the facts found so far. `claimed_at` is by the event loop's clock, in seconds."""

    delivery: Delivery
    claimed_at: float
    notification: Notification | DisputeNotification | None = None
    event_id: str | None = None
    payment_id: PaymentId | None = None
    merchant_id: MerchantId = PLATFORM
    action: Action | None = None

    @property
    def attempts(self) -> int:
        return self.delivery.tries + 1

    @property
    def alerted(self) -> bool:
        return self.delivery.was_dead

    @property
    def event(self) -> EventName:
        assert self.event_id is not None
        return EventName(self.delivery.provider, self.event_id)

    @property
    def operation_id(self) -> OperationId | None:
        return None if self.notification is None else self.notification.operation_id

    @property
    def reference(self) -> tuple[ProviderName, str] | None:
        if self.notification is None or self.notification.reference is None:
            return None
        return self.delivery.provider, self.notification.reference

    @property
    def cause(self) -> Cause:
        return cause_of(self.delivery)


def cause_of(delivery: Delivery) -> Cause:
    return Cause(
        actor=f"psp:{delivery.provider}",
        request_id=str(delivery.id),
        trace_id=delivery.id.hex,
        causation_id=f"webhook:{delivery.id}",
    )


def storable(text: str) -> str:
    """`text`, which may quote a provider, in characters that every column and JSON reader takes, cut to
    RESULT_CHARACTERS_MAX."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:RESULT_CHARACTERS_MAX]
