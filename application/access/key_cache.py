"""A key in use is looked up once a second, so that a revoked key opens nothing after that second."""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from typing import NamedTuple

from application.access.merchant import Keys, KnownKey
from application.work.deadline import ANSWERED_WITHIN_S, answered_within
from application.work.on_behalf import on_behalf_of

REMEMBER_S = 1.0
KEYS_MAX = 10_000


class _Remembered(NamedTuple):
    key: KnownKey
    until: float


class RememberedKeys:
    """Implements application.access.merchant.Keys over another implementation. `clock` counts seconds and never goes
    back.

    An unknown key is looked up each time: a new key is in force at once, and guesses cannot fill the memory. Requests
    that ask during a look-up wait for that look-up: when a busy key is forgotten, hundreds of requests ask at once.
    """

    def __init__(self, keys: Keys, clock: Callable[[], float]) -> None:
        self._keys = keys
        self._clock = clock
        self._remembered: dict[bytes, _Remembered] = {}
        self._looking: dict[bytes, asyncio.Task[KnownKey | None]] = {}

    async def find_key(self, digest: bytes) -> KnownKey | None:
        remembered = self._remembered.get(digest)
        if remembered is not None and self._clock() < remembered.until:
            return remembered.key
        looking = self._looking.get(digest)
        if looking is None:
            # A key that was in force a moment ago is looked up as its merchant's: guesses do not hold it up.
            with on_behalf_of(remembered.key.merchant_id) if remembered else nullcontext():
                looking = self._looking[digest] = asyncio.create_task(self._look_up(digest))
        # Who gives up waiting does not give up for the others.
        return await asyncio.shield(looking)

    async def _look_up(self, digest: bytes) -> KnownKey | None:
        # Counted from before the look-up: what was revoked during it may still have been seen in force.
        until = self._clock() + REMEMBER_S
        try:
            # Whoever asked first may be gone while others still wait.
            with answered_within(ANSWERED_WITHIN_S):
                key = await self._keys.find_key(digest)
        finally:
            del self._looking[digest]
        # The one looked up longest ago stands first.
        self._remembered.pop(digest, None)
        if key is not None:
            if len(self._remembered) >= KEYS_MAX:
                del self._remembered[next(iter(self._remembered))]
            self._remembered[digest] = _Remembered(key, until)
        return key
