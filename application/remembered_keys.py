"""A key that was looked up a moment ago is not looked up again: a revoked one opens nothing more within a second."""

from collections.abc import Callable
from typing import NamedTuple

from application.merchant import Keys, KnownKey

REMEMBER_S = 1.0
KEYS_MAX = 10_000


class _Remembered(NamedTuple):
    key: KnownKey
    until: float


class RememberedKeys:
    """Implements application.merchant.Keys over another. `clock` counts seconds and never goes back.

    A key that is not known is asked for each time: it is in force from the moment it is made, and nobody can fill
    the memory with guesses.
    """

    def __init__(self, keys: Keys, clock: Callable[[], float]) -> None:
        self._keys = keys
        self._clock = clock
        self._remembered: dict[bytes, _Remembered] = {}

    async def find_key(self, digest: bytes) -> KnownKey | None:
        asked_at = self._clock()
        remembered = self._remembered.get(digest)
        if remembered is not None and asked_at < remembered.until:
            return remembered.key
        key = await self._keys.find_key(digest)
        # The one looked up longest ago stands first.
        self._remembered.pop(digest, None)
        if key is not None:
            if len(self._remembered) >= KEYS_MAX:
                del self._remembered[next(iter(self._remembered))]
            # Counted from before the look-up: what was revoked during it may still have been seen in force.
            self._remembered[digest] = _Remembered(key, asked_at + REMEMBER_S)
        return key
