"""Every event that moves money has exactly the entry that the posting rules make of it, and every entry has such a
cause."""

from collections.abc import Iterable
from typing import get_args
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.event import name_of
from domain.ledger.entry import JournalEntryPosted, Posting, entry_id_for
from domain.ledger.rules import MoneyEvent, entry_for
from domain.payment.superseded import SupersededEvent


def _family(name: str) -> str:
    """An event's name without its version."""
    return name.rpartition(".v")[0]


MONEY_EVENTS: frozenset[str] = frozenset(name_of(kind) for kind in get_args(MoneyEvent))
"""The stored names of the events that cause entries."""
MONEY_EVENTS_BEFORE: frozenset[str] = frozenset(
    name for kind in get_args(SupersededEvent) if _family(name := name_of(kind)) in {_family(of) for of in MONEY_EVENTS}
)
"""The names of their earlier versions."""


class CauseDifference(Struct, frozen=True, order=True):
    """`position` is that of the entry or, where there is none, of the event that should have caused one."""

    position: int
    what: str


class _Waiting(Struct, frozen=True):
    position: int
    entry: JournalEntryPosted


class Causes(Struct):
    """Causes and entries of a part of the store, of which pairs are compared and single ones wait for their partner.

    Parts may be read apart and joined: an entry and its cause may lie in two of them.
    """

    expected: dict[UUID, _Waiting] = {}
    """The entries that the rules make of causes whose entry was not read yet, by the entry's id."""
    found: dict[UUID, _Waiting] = {}
    """Entries whose cause was not read yet."""
    difference: CauseDifference | None = None
    """The first among the pairs."""

    def take_in(self, position: int, stream_id: UUID, version: int, event: MoneyEvent | JournalEntryPosted) -> None:
        """Take in the `version`th event of its stream."""
        if isinstance(event, JournalEntryPosted):
            if version != 1:
                self._differs(position, f"the journal entry at position {position} is the second of its stream")
                return
            self._take_in(self.found, stream_id, _Waiting(position, event))
            return
        expected = entry_for(stream_id, version, event)
        if expected is not None:
            self._take_in(self.expected, entry_id_for(stream_id, version), _Waiting(position, expected))

    def join(self, other: "Causes") -> None:
        """Take in all causes and entries of `other`."""
        if other.difference is not None:
            self._differs(other.difference.position, other.difference.what)
        for side, waiting in ((self.expected, other.expected), (self.found, other.found)):
            for entry_id, one in waiting.items():
                self._take_in(side, entry_id, one)

    def first_difference(self) -> CauseDifference | None:
        """The first entry that is missing, has no cause, or is not its cause's, once everything is taken in."""
        missing = (
            CauseDifference(at.position, f"the {at.entry.cause} at position {at.position} has no journal entry")
            for at in self.expected.values()
        )
        uncaused = (
            CauseDifference(at.position, f"the journal entry at position {at.position} has no event that caused it")
            for at in self.found.values()
        )
        pairs = () if self.difference is None else (self.difference,)
        return min((*missing, *uncaused, *pairs), default=None)

    def _take_in(self, side: dict[UUID, _Waiting], entry_id: UUID, one: _Waiting) -> None:
        other_side = self.found if side is self.expected else self.expected
        other = other_side.pop(entry_id, None)
        if other is None:
            side[entry_id] = one
            return
        cause, posted = (one, other) if side is self.expected else (other, one)
        if not _is_same(posted.entry, cause.entry):
            self._differs(
                posted.position,
                f"the journal entry at position {posted.position} is not that of the {cause.entry.cause} at position "
                f"{cause.position}: posted {_shown(posted.entry)}; the rules give {_shown(cause.entry)}",
            )

    def _differs(self, position: int, what: str) -> None:
        found = CauseDifference(position, what)
        self.difference = found if self.difference is None else min(self.difference, found)


def _is_same(posted: JournalEntryPosted, expected: JournalEntryPosted) -> bool:
    """Whether two names are of one event: where an earlier version wrote the cause, the entry names that version."""
    return replace(posted, cause="") == replace(expected, cause="") and _family(posted.cause) == _family(expected.cause)


def _shown(entry: JournalEntryPosted) -> str:
    return f"{entry.cause} {entry.cause_version} of {entry.merchant_id}: {_lines(entry.postings)}"


def _lines(postings: Iterable[Posting]) -> str:
    return ", ".join(f"{posting.side} {posting.account} {posting.amount}" for posting in postings)
