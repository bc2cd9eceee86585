"""Every event that moves money has just the entry that the posting rules make of it, and every entry such a cause."""

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
"""Those of their earlier versions."""


class CauseDifference(Struct, frozen=True, order=True):
    """`position` is that of the entry or, where there is none, of the event that should have caused one."""

    position: int
    what: str


class _Waiting(Struct, frozen=True):
    position: int
    entry: JournalEntryPosted


class Causes(Struct):
    """Causes and entries of a part of the store, of which the pairs are compared and the others wait for one another.

    Parts may be taken in apart and joined: an entry and its cause may lie in two of them.
    """

    expected: dict[UUID, _Waiting] = {}
    """What the rules make of a cause whose entry has not come, by the entry's id."""
    found: dict[UUID, _Waiting] = {}
    """Entries whose cause has not come."""
    difference: CauseDifference | None = None
    """The first among the pairs."""

    def take_in(self, position: int, stream_id: UUID, version: int, event: MoneyEvent | JournalEntryPosted) -> None:
        """The `version`th event of its stream."""
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
        """Take in what `other` has taken in."""
        if other.difference is not None:
            self._differs(other.difference.position, other.difference.what)
        for side, waiting in ((self.expected, other.expected), (self.found, other.found)):
            for entry_id, one in waiting.items():
                self._take_in(side, entry_id, one)

    def first_difference(self) -> CauseDifference | None:
        """Once everything is taken in: the first entry that is missing, without a cause, or not its cause's."""
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
    """Where the cause was written by an earlier version, the entry names that one."""
    return replace(posted, cause="") == replace(expected, cause="") and _family(posted.cause) == _family(expected.cause)


def _shown(entry: JournalEntryPosted) -> str:
    return f"{entry.cause} {entry.cause_version} of {entry.merchant_id}: {_lines(entry.postings)}"


def _lines(postings: Iterable[Posting]) -> str:
    return ", ".join(f"{posting.side} {posting.account} {posting.amount}" for posting in postings)
