"""Entries are held against their causes: in any parts, any missing, changed or added entry is the first difference."""

from collections.abc import Sequence
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.history import Positioned
from domain.ledger.causes import Causes
from domain.ledger.entry import JournalEntryPosted
from domain.ledger.rules import MoneyEvent
from domain.money.money import Money
from tests.projections.histories import HISTORIES, batched, positioned, recorded_history, stores


def causes_of(events: Sequence[Positioned]) -> Causes:
    causes = Causes()
    for event in events:
        data = event.event.data
        if isinstance(data, JournalEntryPosted | MoneyEvent):
            causes.take_in(event.position, event.event.originator_id, event.event.originator_version, data)
    return causes


def first_difference(parts: Sequence[Sequence[Positioned]]) -> str | None:
    """Of parts folded one by one and joined in their order."""
    causes = Causes()
    for part in parts:
        causes.join(causes_of(part))
    difference = causes.first_difference()
    return difference.what if difference else None


def entries_of(events: Sequence[Positioned]) -> list[Positioned]:
    return [event for event in events if isinstance(event.event.data, JournalEntryPosted)]


def changed(events: Sequence[Positioned], at: int, data: JournalEntryPosted) -> list[Positioned]:
    """`events` with other content in the entry at that position."""
    return [Positioned(at, replace(event.event, data=data)) if event.position == at else event for event in events]


def scaled(entry: JournalEntryPosted) -> JournalEntryPosted:
    """Twice the amounts: it still balances, and nothing in it tells that it is wrong."""
    doubled = (replace(line, amount=Money(2 * line.amount.minor, line.amount.currency)) for line in entry.postings)
    return replace(entry, postings=tuple(doubled))


@given(st.data())
def test_what_was_appended_has_no_difference_in_whatever_parts_it_is_read(data: st.DataObject) -> None:
    events = data.draw(stores())
    assert first_difference(data.draw(batched(events))) is None


@given(st.data())
def test_any_entry_that_is_taken_out_or_scaled_is_named(data: st.DataObject) -> None:
    events = data.draw(stores().filter(entries_of))
    entry = data.draw(st.sampled_from(entries_of(events)))
    posted = entry.event.data
    assert isinstance(posted, JournalEntryPosted)

    without = [event for event in events if event is not entry]
    missing = first_difference(data.draw(batched(without)))
    assert missing
    assert missing.startswith(f"the {posted.cause} at position ")
    assert missing.endswith(" has no journal entry")

    wrong = first_difference(data.draw(batched(changed(events, entry.position, scaled(posted)))))
    assert wrong
    assert wrong.startswith(f"the journal entry at position {entry.position} is not that of the {posted.cause} at")


@given(st.data())
def test_any_entry_whose_cause_is_not_there_is_named(data: st.DataObject) -> None:
    events = data.draw(stores().filter(entries_of))
    entry = data.draw(st.sampled_from(entries_of(events)))
    cause = events.index(entry) - 1
    while not isinstance(events[cause].event.data, MoneyEvent) or (
        events[cause].event.originator_id != entry.event.data.cause_id  # type: ignore[union-attr]
    ):
        cause -= 1
    without = events[:cause] + events[cause + 1 :]
    found = first_difference(data.draw(batched(without)))
    assert found == f"the journal entry at position {entry.position} has no event that caused it"


def captured() -> list[Positioned]:
    return positioned(recorded_history(UUID(int=1), HISTORIES["captured"]))


def test_a_wrong_entry_is_shown_beside_the_right_one() -> None:
    events = captured()
    entry = entries_of(events)[1]
    assert isinstance(entry.event.data, JournalEntryPosted)
    found = first_difference([changed(events, entry.position, scaled(entry.event.data))])
    assert found
    assert "posted payment.captured.v2 6 of mer_acme: debit psp:northbank:clearing 199.98 USD" in found
    assert "the rules give payment.captured.v2 6 of mer_acme: debit psp:northbank:clearing 99.99 USD" in found


def test_an_entry_that_names_an_earlier_version_of_its_cause_is_that_of_the_cause() -> None:
    events = captured()
    entry = entries_of(events)[1]
    posted = entry.event.data
    assert isinstance(posted, JournalEntryPosted)
    assert first_difference([changed(events, entry.position, replace(posted, cause="payment.captured.v1"))]) is None
    found = first_difference([changed(events, entry.position, replace(posted, cause="payment.refunded.v3"))])
    assert found
    assert "posted payment.refunded.v3" in found


def test_a_second_entry_for_one_cause_is_named() -> None:
    events = captured()
    entry = entries_of(events)[0]
    again = Positioned(len(events) + 1, replace(entry.event, originator_version=2))
    assert first_difference([[*events, again]]) == (
        f"the journal entry at position {again.position} is the second of its stream"
    )


def test_the_first_of_several_differences_is_named() -> None:
    events = captured()
    first, second = entries_of(events)
    found = first_difference([[event for event in events if event not in (first, second)]])
    assert found == f"the payment.authorized.v1 at position {first.position - 1} has no journal entry"
