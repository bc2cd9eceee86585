"""Every version of the terms is kept for ever, and one of each kind is in force for a merchant."""

from collections.abc import Iterable, Mapping
from typing import Final, assert_never
from uuid import NAMESPACE_URL, uuid5

from msgspec import Struct

from domain.errors import DomainError
from domain.identifiers import MerchantId
from domain.terms.events import TermsActivated, TermsAdded, TermsEvent, TermsKind

TERMS: Final = uuid5(NAMESPACE_URL, "tallystick:terms")
"""The stream of all terms."""


class TermsNotFound(DomainError):
    """No terms of that kind were ever added under that number."""

    kind: str
    number: int


class TermsVersions(Struct, frozen=True, kw_only=True):
    """`added` in the order of their numbers, from 1; `activated` for a merchant, or for None, the others."""

    added: Mapping[TermsKind, tuple[TermsAdded, ...]] = {}
    activated: Mapping[tuple[TermsKind, MerchantId | None], int] = {}

    def get(self, kind: TermsKind, number: int) -> TermsAdded:
        """Raises TermsNotFound."""
        added = self.added.get(kind, ())
        if not 1 <= number <= len(added):
            raise TermsNotFound(kind=kind.value, number=number)
        return added[number - 1]

    def active(self, kind: TermsKind, merchant_id: MerchantId | None) -> int | None:
        """The number in force for a merchant: their own, else everybody's; None before any was activated."""
        return self.activated.get((kind, merchant_id), self.activated.get((kind, None)))


def fold(events: Iterable[TermsEvent], onto: TermsVersions | None = None) -> TermsVersions:
    """The versions `onto` with those that `events` add; copied once, however many events there are."""
    before = onto or TermsVersions()
    added = {kind: list(versions) for kind, versions in before.added.items()}
    activated = dict(before.activated)
    for event in events:
        match event:
            case TermsAdded(kind=kind):
                added.setdefault(kind, []).append(event)
            case TermsActivated(kind=kind, number=number, merchant_id=merchant_id):
                activated[kind, merchant_id] = number
            case _:
                assert_never(event)
    return TermsVersions(added={kind: tuple(versions) for kind, versions in added.items()}, activated=activated)


def add(versions: TermsVersions, *, kind: TermsKind, name: str, document: str) -> tuple[int, tuple[TermsEvent, ...]]:
    """The number of `document`, and the event that adds it; no event for the text of an earlier version."""
    added = versions.added.get(kind, ())
    for earlier in added:
        if earlier.document == document:
            return earlier.number, ()
    number = len(added) + 1
    return number, (TermsAdded(kind=kind, number=number, name=name, document=document),)


def activate(
    versions: TermsVersions, *, kind: TermsKind, number: int, merchant_id: MerchantId | None
) -> tuple[TermsEvent, ...]:
    """Put a version in force, for a merchant or for all without one of their own; no event where it is in force
    already.

    Raises TermsNotFound.
    """
    versions.get(kind, number)
    if versions.activated.get((kind, merchant_id)) == number:
        return ()
    return (TermsActivated(kind=kind, number=number, merchant_id=merchant_id),)
