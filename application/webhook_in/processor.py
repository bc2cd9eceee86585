"""What a provider sent us is worked off: read, told from its repeats, brought to its payment, and acted on.

Everything that it may do is idempotent, so that a worker may die anywhere in between: the delivery's lease runs out,
another worker begins again, and finds done what was done.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from application.dead_letter.commands import DeadLetters
from application.dispute.apply_notification import DisputeNotices
from application.payment.apply_notification import Again, Dead, Done, Notices, Result, notice_of
from application.payment.correlation import Correlation
from application.payment.loaded import loaded_from, payment_events
from application.provider.webhook import (
    DisputeNotification,
    Notification,
    Notifications,
    NotificationUnreadable,
    Unhandled,
)
from application.webhook_in.inbox import Delivery, DeliveryState, EventName, Finished, Inbox
from application.webhook_in.lanes import ProviderLanes
from application.work.backoff import LONGEST_S
from application.write.append import TooManyConflicts
from application.write.store import EventStore, StoreUnavailable
from domain.dead_letter.events import DeadLetterKind
from domain.errors import described
from domain.history import Cause, Positioned
from domain.identifiers import PLATFORM, MerchantId, OperationId, PaymentId, ProviderName
from domain.payment.notice import (
    ChangesNothing,
    NotYetApplicable,
    read_notice,
)

BATCH_DELIVERIES_MAX: Final = 256
RENEW_AFTER_S: Final = 1.0
"""What waited so long for its turn gets a fresh lease: one is for the act alone, and a little."""
LOOK_EVERY_S: Final = 0.05
"""How soon an idle worker sees a delivery, at worst."""
TRIES_MAX: Final = 8
FIRST_DELAY_S: Final = 0.5
DELAY_S_MAX: Final = LONGEST_S

RESULT_CHARACTERS_MAX: Final = 500

log = logging.getLogger(__name__)


Action = Callable[[], Awaitable[Result]]


class _Work(Struct, frozen=True, kw_only=True):
    """A delivery and what is known of it by now."""

    delivery: Delivery
    claimed_at: float
    """By the event loop's clock."""
    notification: Notification | DisputeNotification | None = None
    event_id: str | None = None
    payment_id: PaymentId | None = None
    merchant_id: MerchantId = PLATFORM


class Deliveries:
    """Works off the inbox; several of these, in any number of processes, share it."""

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
    ) -> None:
        self._inbox = inbox
        self._correlation = correlation
        self._store = store
        self._notices = notices
        self._disputes = disputes
        self._dead_letters = dead_letters
        self._notifications = notifications
        self._acts = ProviderLanes()
        self._finished: list[Finished] = []

    async def run(self) -> None:
        """Work until cancelled. Raises StoreUnavailable: what was in hand comes back when its lease is over."""
        try:
            while True:
                if not await self.step():
                    await asyncio.sleep(LOOK_EVERY_S)
        finally:
            await self._acts.aclose()
            self._finished.clear()

    async def step(self) -> bool:
        """Write down what came of earlier deliveries, and take in those that are due; whether there were any.

        Raises StoreUnavailable.
        """
        await self._write_down()
        claimed_at = asyncio.get_running_loop().time()
        # What is in hand may be due again, if it takes long: nobody else has begun it so far, and we have.
        in_hand = [*self._acts.deliveries, *(each.id for each in self._finished)]
        deliveries = await self._inbox.claim(BATCH_DELIVERIES_MAX, but=in_hand, not_of=self._acts.full)
        if deliveries:
            await self._take_in([_Work(delivery=delivery, claimed_at=claimed_at) for delivery in deliveries])
            await self._write_down()
        return bool(deliveries)

    async def settle(self) -> None:
        """Wait until all that was begun is done and written down."""
        await self._acts.settle()
        await self._write_down()

    async def _write_down(self) -> None:
        finished, self._finished = self._finished, []
        written = await self._inbox.finish(finished) if finished else set()
        for each in finished:
            if each.state is DeliveryState.DEAD and each.id not in written:
                # Somebody else has it, or has settled it, and may not have seen our letter: once more, for both.
                await self._inbox.wait_again(each.id)

    async def _take_in(self, works: Sequence[_Work]) -> None:
        """What changes nothing is done with here, many at a time; for the rest it is begun."""
        read = [told for work in works if (told := self._read(work)) is not None]
        correlated = await self._correlate(await self._first_ones(read))
        await self._conclude_unknown([work for work in correlated if work.payment_id is None])
        histories = await self._histories({work.payment_id for work in correlated if work.payment_id is not None})
        for work in correlated:
            if work.payment_id is None:
                continue
            try:
                self._bring(work, work.payment_id, histories[work.payment_id])
            except Exception as error:  # One payment that cannot be told must not hold the others up.
                log.exception("delivery_failed", extra={"delivery_id": str(work.delivery.id)})
                self._conclude(work, Again(f"it failed: {described(error)}"))

    async def _conclude_unknown(self, works: Sequence[_Work]) -> None:
        """A view that has not come to where the store was then may know the payment once it has: that is no try."""
        position = await self._correlation.position() if works else 0
        for work in works:
            if position < work.delivery.head:
                self._put_off(work, f"the view of operations is at {position}, and not yet at {work.delivery.head}")
            else:
                self._conclude(work, Again("no payment is known to have such an operation or reference"))

    def _read(self, work: _Work) -> _Work | None:
        """None when reading it was all there is to do."""
        delivery = work.delivery
        notifications = self._notifications.get(delivery.provider)
        if notifications is None:
            self._conclude(work, Again(f"provider {delivery.provider} is not configured here"))
            return None
        try:
            notification = notifications.read(delivery.body)
            _require_storable(notification)
        except NotificationUnreadable as error:
            self._conclude(work, Dead(f"it cannot be read: {error}"))
            return None
        except Exception as error:  # A provider's bytes may trip a connector, and must not trip the worker.
            log.exception("delivery_unreadable", extra={"delivery_id": str(delivery.id)})
            self._conclude(work, Dead(f"it cannot be read: {described(error)}"))
            return None
        work = replace(work, event_id=notification.event_id)
        if isinstance(notification, Unhandled):
            self._conclude(work, Done(f"of a kind that we have no use for: {notification.kind}"))
            return None
        return replace(work, notification=notification)

    async def _first_ones(self, works: Sequence[_Work]) -> list[_Work]:
        """Those that do not repeat an earlier delivery's event. One that says otherwise under the same name is for an
        operator: what it says may be true, and would be lost as a repeat."""
        names = [(work.delivery.id, _event_of(work)) for work in works]
        firsts = await self._inbox.first_of(names) if names else {}
        fresh, repeats = [], []
        for work, (delivery_id, name) in zip(works, names, strict=True):
            first = firsts[name]
            if first == delivery_id:
                fresh.append(work)
            else:
                repeats.append((work, first))
        bodies = await self._inbox.bodies_of([first for _, first in repeats]) if repeats else {}
        for work, first in repeats:
            if self._says_the_same(work, bodies.get(first)):
                self._conclude(work, Done(f"duplicate of {first}"))
            else:
                self._conclude(work, Dead(f"the event {work.event_id} came before, as {first}, and said otherwise"))
        return fresh

    def _says_the_same(self, work: _Work, body: bytes | None) -> bool:
        """Whether the earlier delivery of the event, with `body`, meant what this one means: a provider may write the
        same once more in other bytes."""
        if body is None or body == work.delivery.body:
            return True
        try:
            return self._notifications[work.delivery.provider].read(body) == work.notification
        except Exception:  # It was read then, by words of the provider's that may have changed since.
            return False

    async def _correlate(self, works: Sequence[_Work]) -> list[_Work]:
        """With the payment that each means, by our own name for the operation before the provider's for the charge."""
        operation_ids = [each for work in works if (each := _operation_of(work)) is not None]
        by_operation = await self._correlation.payments_of_operations(operation_ids) if operation_ids else {}

        def named(work: _Work) -> PaymentId | None:
            operation_id = _operation_of(work)
            return None if operation_id is None else by_operation.get(operation_id)

        references = [
            reference for work in works if named(work) is None and (reference := _reference_of(work)) is not None
        ]
        by_reference = await self._correlation.payments_of_references(references) if references else {}

        def referred(work: _Work) -> PaymentId | None:
            reference = _reference_of(work)
            return None if reference is None else by_reference.get(reference)

        return [replace(work, payment_id=named(work) or referred(work)) for work in works]

    async def _histories(self, payment_ids: set[PaymentId]) -> Mapping[PaymentId, list[Positioned]]:
        histories: dict[PaymentId, list[Positioned]] = defaultdict(list)
        for positioned in await self._store.histories(list(payment_ids)) if payment_ids else ():
            histories[PaymentId(positioned.event.originator_id)].append(positioned)
        return histories

    def _bring(self, work: _Work, payment_id: PaymentId, history: Sequence[Positioned]) -> None:
        """Interpret the notification by its payment's history, and start the action that follows."""
        loaded, notification = loaded_from(payment_id, history), work.notification
        assert notification is not None
        work = replace(work, merchant_id=loaded.merchant_id)
        if isinstance(notification, DisputeNotification):
            heard = partial(self._disputes.apply, loaded, work.delivery.provider, notification, _cause(work.delivery))
            self._begin(work, heard)
            return
        notice = notice_of(work.delivery.provider, notification)
        reading = read_notice(loaded.payment, list(payment_events(history)), notice)
        match reading:
            case ChangesNothing(reason=reason):
                self._conclude(work, Done(f"nothing new: {reason}"))
            case NotYetApplicable(reason=reason):
                self._conclude(work, Again(reason))
            case _:
                self._begin(work, partial(self._notices.act, loaded, notice, reading, _cause(work.delivery)))

    def _conclude(self, work: _Work, result: Result) -> None:
        """A dead letter, or the end of one, is written apart: it takes its time, and the others do not wait for it."""
        match result:
            case Done() if not work.delivery.was_dead:
                self._finish(work, DeliveryState.DONE, result.result)
            case Again(reason=reason) if work.delivery.tries + 1 < TRIES_MAX:
                self._finish(work, DeliveryState.WAITING, reason)
            case _:
                self._begin(work, partial(_already, result))

    def _begin(self, work: _Work, action: Action) -> None:
        self._acts.begin(work.delivery, partial(self._act, work, action))

    async def _act(self, work: _Work, action: Action) -> None:
        """Where the store does not answer, or something fails that nobody foresaw in writing a letter, it is tried
        again: that is not one of its tries."""
        try:
            held = await self._held(work)
            if held is None:
                return
            work = held
            await self._end(work, await self._result(work, action))
        except (StoreUnavailable, TooManyConflicts) as error:
            log.warning("delivery_put_off", extra={"delivery_id": str(work.delivery.id), "error": str(error)})
            self._put_off(work, f"it was put off: {described(error)}")
        except Exception as error:
            log.exception("delivery_put_off", extra={"delivery_id": str(work.delivery.id)})
            self._put_off(work, f"it was put off: {described(error)}")

    async def _held(self, work: _Work) -> _Work | None:
        """With a lease that is long enough to act under; None when somebody else has it by now."""
        if asyncio.get_running_loop().time() - work.claimed_at < RENEW_AFTER_S:
            return work
        held = await self._inbox.hold(work.delivery)
        return None if held is None else replace(work, delivery=held)

    async def _result(self, work: _Work, action: Action) -> Result:
        try:
            return await action()
        except (StoreUnavailable, TooManyConflicts):
            raise
        except Exception as error:
            log.exception("delivery_failed", extra={"delivery_id": str(work.delivery.id)})
            return Again(f"it failed: {described(error)}")

    async def _end(self, work: _Work, result: Result) -> None:
        """The letter before the row: who comes again after a crash between the two finds it written. And before the
        letter, in the row, that there may be one: who then settles the delivery ends it."""
        subject, cause = str(work.delivery.id), _cause(work.delivery)
        match result:
            case Done(result=outcome):
                if work.delivery.was_dead:
                    await self._dead_letters.resolved(
                        kind=DeadLetterKind.WEBHOOK, subject=subject, outcome=_storable(outcome), cause=cause
                    )
                self._finish(work, DeliveryState.DONE, outcome)
            case Again(reason=reason) if work.delivery.tries + 1 < TRIES_MAX:
                self._finish(work, DeliveryState.WAITING, reason)
            case Again(reason=reason) | Dead(reason=reason):
                held = await self._inbox.hold(work.delivery, giving_up=True)
                if held is None:
                    return
                await self._dead_letters.record(
                    kind=DeadLetterKind.WEBHOOK,
                    subject=subject,
                    merchant_id=work.merchant_id,
                    payment_id=work.payment_id,
                    provider=work.delivery.provider,
                    reason=_storable(reason),
                    cause=cause,
                )
                self._finish(replace(work, delivery=held), DeliveryState.DEAD, reason)

    def _put_off(self, work: _Work, reason: str) -> None:
        """Not for anything that is wrong with it, so that no try is counted: as long again as it has waited."""
        pause_s = min(max(work.delivery.waited_s, FIRST_DELAY_S), DELAY_S_MAX)
        self._write(work, DeliveryState.WAITING, reason, tries=work.delivery.tries, again_after_s=pause_s)

    def _finish(self, work: _Work, state: DeliveryState, result: str) -> None:
        tries = work.delivery.tries
        pause_s = min(FIRST_DELAY_S * 2**tries, DELAY_S_MAX) if state is DeliveryState.WAITING else None
        self._write(work, state, result, tries=tries + 1, again_after_s=pause_s)

    def _write(
        self, work: _Work, state: DeliveryState, result: str, *, tries: int, again_after_s: float | None
    ) -> None:
        self._finished.append(
            Finished(
                id=work.delivery.id,
                leased_until=work.delivery.leased_until,
                state=state,
                result=_storable(result),
                event_id=work.event_id,
                payment_id=work.payment_id,
                tries=tries,
                again_after_s=again_after_s,
            )
        )


class DeliveryRetrier:
    """Implements application.dead_letter.commands.Retrier for webhooks: the delivery is queued again."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def retry(self, subject: str, _cause: Cause) -> None:
        await self._inbox.wait_again(UUID(subject))


def _event_of(work: _Work) -> EventName:
    assert work.event_id is not None
    return EventName(work.delivery.provider, work.event_id)


def _operation_of(work: _Work) -> OperationId | None:
    return None if work.notification is None else work.notification.operation_id


def _reference_of(work: _Work) -> tuple[ProviderName, str] | None:
    if work.notification is None or work.notification.reference is None:
        return None
    return work.delivery.provider, work.notification.reference


def _cause(delivery: Delivery) -> Cause:
    return Cause(
        actor=f"psp:{delivery.provider}",
        request_id=str(delivery.id),
        trace_id=delivery.id.hex,
        causation_id=f"webhook:{delivery.id}",
    )


async def _already(result: Result) -> Result:
    return result


def _require_storable(notification: Notification | DisputeNotification | Unhandled) -> None:
    """Raises NotificationUnreadable for names that no text column takes."""
    names = [notification.event_id]
    if not isinstance(notification, Unhandled) and notification.reference is not None:
        names.append(notification.reference)
    if isinstance(notification, Notification) and notification.own_reference is not None:
        names.append(notification.own_reference)
    if isinstance(notification, DisputeNotification):
        names += [notification.dispute_id, notification.provider_reason]
    if any(name != _storable(name) for name in names):
        raise NotificationUnreadable("a name in it is too long, or is no text")


def _storable(text: str) -> str:
    """What may quote a provider, in characters that every column and JSON reader takes."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:RESULT_CHARACTERS_MAX]
