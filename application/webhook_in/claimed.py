"""The inbox as one worker's leased queue: results are collected, and many are written by one statement."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from msgspec.structs import replace

from application.webhook_in.inbox import DeliveryState, Finished, Inbox
from application.webhook_in.work import Work, storable
from application.work.lanes import Lanes
from domain.identifiers import ProviderName


class ClaimedDeliveries:
    """Implements application.work.leased.LeasedQueue for the deliveries that `lanes` has room for."""

    def __init__(self, inbox: Inbox, lanes: Lanes[ProviderName]) -> None:
        self._inbox = inbox
        self._lanes = lanes
        self._finished: list[Finished] = []

    @property
    def are_in_hand(self) -> bool:
        """Whether deliveries are worked on, or have results that are not written yet."""
        return bool(self._lanes.in_hand or self._finished)

    async def claim(self, items_max: int) -> Sequence[Work]:
        claimed_at = asyncio.get_running_loop().time()
        # The lease of a delivery in hand may have ended: this worker must not claim that delivery again.
        in_hand = [*self._lanes.in_hand, *(each.id for each in self._finished)]
        deliveries = await self._inbox.claim(items_max, but=in_hand, not_of=self._lanes.full)
        return [Work(delivery=delivery, claimed_at=claimed_at) for delivery in deliveries]

    async def hold(self, work: Work, *, alerting: bool) -> Work | None:
        held = await self._inbox.hold(work.delivery, giving_up=alerting)
        return None if held is None else replace(work, delivery=held)

    async def put_back(self, work: Work, reason: str, *, pause: timedelta, attempts: int | None = None) -> bool:
        self._finish(work, DeliveryState.WAITING, reason, attempts=attempts, pause=pause)
        return True

    async def resolve(self, work: Work, result: str) -> None:
        self._finish(work, DeliveryState.DONE, result)

    async def give_up(self, work: Work, reason: str) -> None:
        self._finish(work, DeliveryState.DEAD, reason)

    async def write_down(self) -> None:
        """Write the collected results. Raises StoreUnavailable: the deliveries are due when their leases end."""
        finished, self._finished = self._finished, []
        written = await self._inbox.finish(finished) if finished else set()
        for each in finished:
            if each.state is DeliveryState.DEAD and each.id not in written:
                # Another worker has claimed or settled the delivery, perhaps before the dead letter was written: a
                # retry brings the delivery and its letter into agreement.
                await self._inbox.wait_again(each.id)

    def forget(self) -> None:
        """Drop the collected results: the deliveries are due when their leases end."""
        self._finished.clear()

    def _finish(
        self,
        work: Work,
        state: DeliveryState,
        result: str,
        *,
        attempts: int | None = None,
        pause: timedelta | None = None,
    ) -> None:
        self._finished.append(
            Finished(
                id=work.delivery.id,
                leased_until=work.delivery.leased_until,
                state=state,
                result=storable(result),
                event_id=work.event_id,
                payment_id=work.payment_id,
                tries=work.attempts if attempts is None else attempts,
                again_after_s=None if pause is None else pause.total_seconds(),
            )
        )
