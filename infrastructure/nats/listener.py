"""The listener receives the wake-ups of one store, and counts messages that cannot be its relay's."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from uuid import UUID

from nats.aio.msg import Msg

from application.work.wakeups import Wakeups
from application.write.store import StoreUnavailable
from infrastructure.nats.bus import BUS_ERRORS, Bus
from infrastructure.nats.relay import TELL_EVERY_S
from infrastructure.nats.wakeup import WakeupUnreadable, decode, subject_of

SILENCE_S = 3.0
"""The silence after which a relay counts as not heard."""
RELIED_UPON_S = 1.0
"""The time after a message for which wake-ups are relied upon: somewhat longer than TELL_EVERY_S."""
IDENTIFY_EVERY_S = 5.0
"""The pause between two reads of the store's id during a silence: a restore may have put another store in its place."""


class Refusal(StrEnum):
    """Why a message is not the relay's of this store."""

    UNREADABLE = "unreadable"
    FOREIGN_STORE = "foreign_store"
    BEYOND_HEAD = "beyond_head"


log = logging.getLogger(__name__)


class Listener:
    """Receives the wake-ups of the store whose id `store_id` reads. A message proves nothing: it causes a read."""

    def __init__(self, bus: Bus, store_id: Callable[[], Awaitable[UUID]]) -> None:
        self._bus = bus
        self._read_store_id = store_id
        self._store_id: UUID | None = None
        self._heard_at = float("-inf")
        self._position = 0
        self._refused: dict[str, int] = {}
        self.claimed = 0
        """The highest position that a message named and that was not refused."""
        self.wakeups = Wakeups()
        """One for each growth of the store, relied upon while messages say that the database still holds the store."""

    @property
    def position(self) -> int | None:
        """The position in the relay's last message; None while the relay is not heard."""
        return self._position if time.monotonic() - self._heard_at < SILENCE_S else None

    async def run(self) -> None:
        """Listen for ever, also while NATS or the store is away. During a silence the store's id is read again."""
        while True:
            if self.position is None:
                with contextlib.suppress(StoreUnavailable, *BUS_ERRORS):
                    await self._listen()
            await asyncio.sleep(IDENTIFY_EVERY_S if self._store_id else TELL_EVERY_S)

    async def woken(self, *, beyond: int, poll_s: float, within_s: float) -> None:
        """Wait until a message names a position after `beyond`, or one may have been missed: `within_s` seconds at
        most, and `poll_s` seconds while messages are not relied upon."""
        if self.claimed <= beyond:
            await self.wakeups.wait(since=self.wakeups.count, poll_s=poll_s, within_s=within_s)

    def refuse_claim(self, claimed: int, head: int) -> None:
        """Refuse a position that the store does not have."""
        self._refuse(Refusal.BEYOND_HEAD)
        if self.claimed == claimed:
            self.claimed = head

    def take_refused(self) -> Mapping[str, int]:
        """The number of messages refused since the last call, by reason."""
        refused, self._refused = self._refused, {}
        return refused

    async def _listen(self) -> None:
        store_id = await self._read_store_id()
        if store_id != self._store_id:
            self._store_id, self.claimed = store_id, 0
            self.wakeups.distrust()
            await self._bus.listen(subject_of(store_id), self._receive, self.wakeups.distrust)

    async def _receive(self, message: Msg) -> None:
        try:
            wakeup = decode(message.data)
        except WakeupUnreadable:
            self._refuse(Refusal.UNREADABLE)
            return
        if wakeup.store != self._store_id:
            self._refuse(Refusal.FOREIGN_STORE)
            return
        self._position, self._heard_at = wakeup.position, time.monotonic()
        if wakeup.position > self.claimed:
            self.claimed = wakeup.position
            self.wakeups.wake()
        self.wakeups.rely(asyncio.get_running_loop().time() + RELIED_UPON_S)

    def _refuse(self, reason: Refusal) -> None:
        self._refused[reason] = self._refused.get(reason, 0) + 1
