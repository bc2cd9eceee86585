"""The number of requests in hand is bounded, and no owner fills it alone: a newcomer always finds room."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from interfaces.resources.refusals import Overloaded


class Capacity:
    """Room for `most` requests in hand.

    An owner may have up to twice as many as there is room left: alone two thirds of all, with others proportionally
    less. An owner without requests always finds room.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._in_hand = 0
        self._of_owner: dict[Hashable, int] = {}

    @contextmanager
    def one(self, owner: Hashable) -> Iterator[None]:
        """One more request of `owner` is in hand inside the block. Raises Overloaded."""
        own = self._of_owner.get(owner, 0)
        if own >= 2 * (self._most - self._in_hand):
            raise Overloaded()
        self._in_hand += 1
        self._of_owner[owner] = own + 1
        try:
            yield
        finally:
            self._in_hand -= 1
            self._of_owner[owner] -= 1
            if not self._of_owner[owner]:
                del self._of_owner[owner]
