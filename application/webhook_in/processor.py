"""Providers' deliveries are read, checked for repeats, matched with their payments, and acted on."""

# Every action is idempotent, so that a worker may die at any point: the delivery's lease ends, and another worker
# begins again without repeating an effect.

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from application.dead_letter.commands import DeadLetters
from application.dispute.apply_notification import DisputeNotices
from application.payment.apply_notification import Again, Dead, Done, Notices, Result, notice_of
from application.payment.correlation import Correlation
from application.payment.loaded import loaded_from, payment_events
from application.provider.webhook import DisputeNotification, Notifications
from application.webhook_in.claimed import ClaimedDeliveries
from application.webhook_in.inbox import Inbox
from application.webhook_in.recognition import Recognition
from application.webhook_in.work import Action, Work, storable
from application.work.backoff import LONGEST_S, Backoff
from application.work.bulkhead import Bulkhead
from application.work.lanes import Lanes
from application.work.leased import AttemptFailed, GiveUp, LeasedRunner, Outcome, Postponed, Resolved
from application.work.wakeups import FALLBACK_S, Wakeups
from application.write.append import TooManyConflicts
from application.write.store import EventStore, StoreUnavailable
from domain.dead_letter.events import DeadLetterKind
from domain.errors import described
from domain.history import Cause, Positioned
from domain.identifiers import PaymentId, ProviderName
from domain.payment.notice import read_notice
from domain.payment.reading import ChangesNothing, NotYetApplicable

BATCH_DELIVERIES_MAX: Final = 256
ACTING_MAX: Final = 32
"""Actions on one provider's deliveries at a time, each of which may ask the provider."""
RENEW_AFTER_S: Final = 1.0
"""A delivery that has waited this long for its slot gets a fresh lease, so that the action has almost all of one."""
LOOK_EVERY_S: Final = 0.05
"""The pause after which a worker looks for deliveries again while it has some in hand, or wake-ups may be missed."""
ATTEMPTS_MAX: Final = 8
BACKOFF: Final = Backoff(first_s=0.5, longest_s=LONGEST_S)

log = logging.getLogger(__name__)


class Deliveries:
    """Processes the inbox, which any number of instances in any number of processes share.

    Implements application.work.leased.Handler.
    """

    def __init__(
        self,
        *,
        inbox: Inbox,
        correlation: Correlation,
        store: EventStore,
        notices: Notices,
        disputes: DisputeNotices,
        dead_letters: DeadLetters,
        notifications: Mapping[ProviderName, Notifications],
        wakeups: Wakeups | None = None,
    ) -> None:
        """`wakeups` tell of new deliveries, and of those that are due again before their time."""
        self._inbox = inbox
        self._wakeups = Wakeups() if wakeups is None else wakeups
        self._recognition = Recognition(inbox=inbox, correlation=correlation, notifications=notifications)
        self._correlation = correlation
        self._store = store
        self._notices = notices
        self._disputes = disputes
        self._dead_letters = dead_letters
        self._lanes = Lanes[ProviderName]()
        self._claimed = ClaimedDeliveries(inbox, self._lanes)
        self._runner = LeasedRunner(
            queue=self._claimed,
            handler=self,
            backoff=BACKOFF,
            alert_after=ATTEMPTS_MAX,
            bulkhead=Bulkhead(slots_max=ACTING_MAX, patience_s=None),
            spread=lambda: 0.0,
            renew_after_s=RENEW_AFTER_S,
            give_up=self._claimed.give_up,
        )

    async def run(self) -> None:
        """Work until cancelled. Raises StoreUnavailable: deliveries in hand are due when their leases end."""
        try:
            while True:
                since = self._wakeups.count
                if not await self.step():
                    await self._wait(since)
        finally:
            await self._lanes.aclose()
            self._claimed.forget()

    async def _wait(self, since: int) -> None:
        """Wait until there may be more to do than when the count of wake-ups was `since`."""
        await self._wakeups.wait(since=since, within_s=LOOK_EVERY_S, poll_s=LOOK_EVERY_S)
        if self._claimed.are_in_hand or not self._wakeups.are_reliable or self._wakeups.count != since:
            return
        idle_s = await self._inbox.idle_s()
        within_s = FALLBACK_S if idle_s is None else min(idle_s, FALLBACK_S)
        await self._wakeups.wait(since=since, within_s=within_s, poll_s=LOOK_EVERY_S)

    async def step(self) -> bool:
        """Write the results of earlier deliveries, and begin those that are due; True where there were any.

        Raises StoreUnavailable.
        """
        await self._claimed.write_down()
        works = await self._claimed.claim(BATCH_DELIVERIES_MAX)
        if works:
            await self._take_in(works)
            await self._claimed.write_down()
        return bool(works)

    async def settle(self) -> None:
        """Wait until every delivery that was begun has ended, and write the results."""
        await self._lanes.settle()
        await self._claimed.write_down()

    async def lane_of(self, work: Work) -> ProviderName:
        return work.delivery.provider

    async def attempt(self, work: Work) -> Outcome:
        assert work.action is not None
        return _outcome(await work.action())

    def failed(self, work: Work, error: Exception) -> Outcome:
        if isinstance(error, StoreUnavailable | TooManyConflicts):
            return self.unsettled(work, error)
        log.exception("delivery_failed", extra={"delivery_id": str(work.delivery.id)})
        return AttemptFailed(reason=f"it failed: {described(error)}")

    def unsettled(self, work: Work, error: Exception) -> Outcome:
        extra = {"delivery_id": str(work.delivery.id)}
        if isinstance(error, StoreUnavailable | TooManyConflicts):
            log.warning("delivery_put_off", extra={**extra, "error": str(error)})
        else:
            log.exception("delivery_put_off", extra=extra)
        return _postponed(work, f"it was put off: {described(error)}")

    async def alert(self, work: Work, reason: str) -> None:
        await self._dead_letters.record(
            kind=DeadLetterKind.WEBHOOK,
            subject=str(work.delivery.id),
            merchant_id=work.merchant_id,
            payment_id=work.payment_id,
            provider=work.delivery.provider,
            reason=storable(reason),
            cause=work.cause,
        )

    async def alert_over(self, work: Work, result: str) -> None:
        await self._dead_letters.resolved(
            kind=DeadLetterKind.WEBHOOK, subject=str(work.delivery.id), outcome=storable(result), cause=work.cause
        )

    async def _take_in(self, works: Sequence[Work]) -> None:
        """Conclude deliveries that change nothing, many at a time, and begin the others."""
        recognised, concluded = await self._recognition.recognise(works)
        for work, outcome in concluded:
            await self._conclude(work, outcome)
        await self._conclude_unknown([work for work in recognised if work.payment_id is None])
        histories = await self._histories({work.payment_id for work in recognised if work.payment_id is not None})
        for work in recognised:
            if work.payment_id is None:
                continue
            try:
                await self._interpret(work, work.payment_id, histories[work.payment_id])
            except Exception as error:  # A history that cannot be folded must not hold the other payments up.
                await self._conclude(work, self.failed(work, error))

    async def _conclude_unknown(self, works: Sequence[Work]) -> None:
        """Conclude deliveries whose payment was not found. No attempt counts while the view of operations is behind the
        store's position at receipt: the view may still come to have the payment."""
        position = await self._correlation.position() if works else 0
        for work in works:
            if position < work.delivery.head:
                reason = f"the view of operations is at {position}, and not yet at {work.delivery.head}"
                await self._conclude(work, _postponed(work, reason))
            else:
                unknown = "no payment is known to have such an operation or reference"
                await self._conclude(work, AttemptFailed(reason=unknown))

    async def _histories(self, payment_ids: set[PaymentId]) -> Mapping[PaymentId, list[Positioned]]:
        histories: dict[PaymentId, list[Positioned]] = defaultdict(list)
        for positioned in await self._store.histories(list(payment_ids)) if payment_ids else ():
            histories[PaymentId(positioned.event.originator_id)].append(positioned)
        return histories

    async def _interpret(self, work: Work, payment_id: PaymentId, history: Sequence[Positioned]) -> None:
        """Interpret the notification by its payment's history, and start the action that follows."""
        loaded, notification = loaded_from(payment_id, history), work.notification
        assert notification is not None
        work = replace(work, merchant_id=loaded.merchant_id)
        if isinstance(notification, DisputeNotification):
            self._begin(work, partial(self._disputes.apply, loaded, work.delivery.provider, notification, work.cause))
            return
        notice = notice_of(work.delivery.provider, notification)
        reading = read_notice(loaded.payment, list(payment_events(history)), notice)
        match reading:
            case ChangesNothing(reason=reason):
                await self._conclude(work, Resolved(f"nothing new: {reason}"))
            case NotYetApplicable(reason=reason):
                await self._conclude(work, AttemptFailed(reason=reason))
            case _:
                self._begin(work, partial(self._notices.act, loaded, notice, reading, work.cause))

    async def _conclude(self, work: Work, outcome: Outcome) -> None:
        """Settle an outcome that needs no action. A dead letter, or its end, is written in the delivery's lane, so that
        other deliveries do not wait for the writing."""
        if self._runner.involves_operator(work, outcome):
            self._begin(work, partial(_already, outcome))
        else:
            await self._runner.settle(work, outcome)

    def _begin(self, work: Work, action: Action) -> None:
        acting = replace(work, action=action)
        attempt = self._runner.work_on(acting, claimed_at=work.claimed_at)
        self._lanes.begin(work.delivery.id, work.delivery.provider, attempt)


class DeliveryRetrier:
    """Implements application.dead_letter.commands.Retrier for webhooks: the delivery is queued again."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def retry(self, subject: str, _cause: Cause) -> None:
        await self._inbox.wait_again(UUID(subject))


async def _already(outcome: Outcome) -> Outcome:
    return outcome


def _outcome(result: Result | Outcome) -> Outcome:
    match result:
        case Done(result=text):
            return Resolved(text)
        case Again(reason=reason):
            return AttemptFailed(reason=reason)
        case Dead(reason=reason):
            return GiveUp(reason)
        case _:
            return result


def _postponed(work: Work, reason: str) -> Postponed:
    """Postpone for a reason outside of the delivery; the pause is the time since receipt, within BACKOFF's limits."""
    pause_s = min(max(work.delivery.waited_s, BACKOFF.first_s), BACKOFF.longest_s)
    return Postponed(timedelta(seconds=pause_s), reason)
