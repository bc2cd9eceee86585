"""Every version of the routing policy is kept for ever, and one of them is active."""

from collections.abc import Iterable
from typing import Final, assert_never
from uuid import NAMESPACE_URL, uuid5

from msgspec import Struct
from msgspec.structs import replace

from domain.errors import DomainError
from domain.routing.events import RoutingPolicyActivated, RoutingPolicyAdded, RoutingPolicyEvent

ROUTING_POLICIES: Final = uuid5(NAMESPACE_URL, "tallystick:routing-policies")
"""The stream of all routing policies."""


class PolicyNotFound(DomainError):
    """No routing policy was ever added under that number."""

    number: int


class Versions(Struct, frozen=True, kw_only=True):
    """`added` in the order of their numbers, from 1; `active` is None before any was activated."""

    added: tuple[RoutingPolicyAdded, ...] = ()
    active: int | None = None

    def get(self, number: int) -> RoutingPolicyAdded:
        """Raises PolicyNotFound."""
        if not 1 <= number <= len(self.added):
            raise PolicyNotFound(number=number)
        return self.added[number - 1]


def evolve(versions: Versions, event: RoutingPolicyEvent) -> Versions:
    match event:
        case RoutingPolicyAdded():
            return replace(versions, added=(*versions.added, event))
        case RoutingPolicyActivated(number=number):
            return replace(versions, active=number)
        case _:
            assert_never(event)


def fold(events: Iterable[RoutingPolicyEvent]) -> Versions:
    versions = Versions()
    for event in events:
        versions = evolve(versions, event)
    return versions


def add(versions: Versions, *, name: str, document: str) -> tuple[int, tuple[RoutingPolicyEvent, ...]]:
    """The number of `document`, and the event that adds it; no event for the text of an earlier version."""
    for earlier in versions.added:
        if earlier.document == document:
            return earlier.number, ()
    number = len(versions.added) + 1
    return number, (RoutingPolicyAdded(number=number, name=name, document=document),)


def activate(versions: Versions, number: int) -> tuple[RoutingPolicyEvent, ...]:
    """Make a version the active one; no event where it is active already. Raises PolicyNotFound."""
    versions.get(number)
    return () if versions.active == number else (RoutingPolicyActivated(number=number),)
