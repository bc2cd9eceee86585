"""Deliveries are read, checked for repeats, and matched with their payments, many at a time."""

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from application.payment.correlation import Correlation
from application.provider.webhook import (
    DisputeNotification,
    Notification,
    Notifications,
    NotificationUnreadable,
    Unhandled,
)
from application.webhook_in.inbox import Inbox
from application.webhook_in.work import Work, storable
from application.work.leased import AttemptFailed, GiveUp, Outcome, Resolved
from domain.errors import described
from domain.identifiers import PaymentId, ProviderName

log = logging.getLogger(__name__)


class Concluded(NamedTuple):
    """A delivery whose outcome is known without its payment."""

    work: Work
    outcome: Outcome


class Recognition:
    """Finds the payment of each delivery."""

    def __init__(
        self, *, inbox: Inbox, correlation: Correlation, notifications: Mapping[ProviderName, Notifications]
    ) -> None:
        self._inbox = inbox
        self._correlation = correlation
        self._notifications = notifications

    async def recognise(self, works: Sequence[Work]) -> tuple[list[Work], list[Concluded]]:
        """The deliveries of new notifications, with their payments where these are known; and the concluded ones.

        Raises StoreUnavailable.
        """
        read = [self.read(work) for work in works]
        concluded = [each for each in read if isinstance(each, Concluded)]
        fresh, repeated = await self._fresh([each for each in read if not isinstance(each, Concluded)])
        return await self._correlate(fresh), concluded + repeated

    def read(self, work: Work) -> Work | Concluded:
        """The delivery with its notification; concluded where that is unreadable, of no use to us, or of a provider
        that is not configured."""
        delivery = work.delivery
        notifications = self._notifications.get(delivery.provider)
        if notifications is None:
            reason = f"provider {delivery.provider} is not configured here"
            return Concluded(work, AttemptFailed(reason=reason))
        try:
            notification = notifications.read(delivery.body)
            _require_storable(notification)
        except NotificationUnreadable as error:
            return Concluded(work, GiveUp(f"it cannot be read: {error}"))
        except Exception as error:  # A provider's bytes may break a connector, and must not break the worker.
            log.exception("delivery_unreadable", extra={"delivery_id": str(delivery.id)})
            return Concluded(work, GiveUp(f"it cannot be read: {described(error)}"))
        work = replace(work, event_id=notification.event_id)
        if isinstance(notification, Unhandled):
            return Concluded(work, Resolved(f"of a kind that we have no use for: {notification.kind}"))
        return replace(work, notification=notification)

    async def _fresh(self, works: Sequence[Work]) -> tuple[list[Work], list[Concluded]]:
        """The deliveries that do not repeat an earlier one's event; and the repeats, concluded.

        A repeat with another content is given up and goes to an operator: the content may be true, and would be lost
        as a duplicate.
        """
        firsts = await self._inbox.first_of([(work.delivery.id, work.event) for work in works]) if works else {}
        repeats = [work for work in works if firsts[work.event] != work.delivery.id]
        bodies = await self._inbox.bodies_of([firsts[work.event] for work in repeats]) if repeats else {}
        concluded = []
        for work in repeats:
            first = firsts[work.event]
            outcome = (
                Resolved(f"duplicate of {first}")
                if self._says_the_same(work, bodies.get(first))
                else GiveUp(f"the event {work.event_id} came before, as {first}, and said otherwise")
            )
            concluded.append(Concluded(work, outcome))
        return [work for work in works if firsts[work.event] == work.delivery.id], concluded

    def _says_the_same(self, work: Work, body: bytes | None) -> bool:
        """Whether the earlier delivery of the event, with `body`, has the same meaning: a provider may send the same
        notification again in other bytes."""
        if body is None or body == work.delivery.body:
            return True
        try:
            return self._notifications[work.delivery.provider].read(body) == work.notification
        except Exception:  # The body was readable then, in a format that may have changed since.
            return False

    async def _correlate(self, works: Sequence[Work]) -> list[Work]:
        """The deliveries with their payments, found by our operation id first, then by the charge's reference."""
        operation_ids = [work.operation_id for work in works if work.operation_id is not None]
        by_operation = await self._correlation.payments_of_operations(operation_ids) if operation_ids else {}

        def named(work: Work) -> PaymentId | None:
            return None if work.operation_id is None else by_operation.get(work.operation_id)

        references = [work.reference for work in works if named(work) is None and work.reference is not None]
        by_reference = await self._correlation.payments_of_references(references) if references else {}

        def referred(work: Work) -> PaymentId | None:
            return None if work.reference is None else by_reference.get(work.reference)

        return [replace(work, payment_id=named(work) or referred(work)) for work in works]


def _require_storable(notification: Notification | DisputeNotification | Unhandled) -> None:
    """Raises NotificationUnreadable for names that a text column does not take, or that are too long."""
    names = [notification.event_id]
    if not isinstance(notification, Unhandled) and notification.reference is not None:
        names.append(notification.reference)
    if isinstance(notification, Notification) and notification.own_reference is not None:
        names.append(notification.own_reference)
    if isinstance(notification, DisputeNotification):
        names += [notification.dispute_id, notification.provider_reason]
    if any(name != storable(name) for name in names):
        raise NotificationUnreadable("a name in it is too long, or is no text")
