"""The journal is folded from its stored bytes, in any parts and processes, and a falsified entry is named."""

from uuid import uuid4

import pytest

from domain.history import Positioned
from domain.ledger.balances import BalanceKey, add_balances, fold_balances
from domain.ledger.entry import JournalEntryPosted
from infrastructure.postgres import journal
from infrastructure.postgres.journal import UnreadableEntry, fold_journal
from tests.projections.histories import HISTORIES, recorded_history
from tests.support.store import append_all, everything, execute, open_store

FALSIFY = """
ALTER TABLE stored_events DISABLE TRIGGER stored_events_are_immutable;
UPDATE stored_events SET state = convert_to({}, 'UTF8') WHERE notification_id = {};
"""
IN_ONE_PROCESS, IN_SEVERAL = 100, 0


@pytest.fixture
async def entries(database_url: str) -> list[Positioned]:
    """The store's journal entries, one payment after the other."""
    async with open_store(database_url) as store:
        for history in ("refunded", "authorized", "dispute lost", "created"):
            await append_all(store, recorded_history(uuid4(), HISTORIES[history]))
        return [event for event in await everything(store) if isinstance(event.event.data, JournalEntryPosted)]


async def folded(database_url: str, *, up_to: int) -> tuple[int, dict[BalanceKey, int]]:
    entries, balances = 0, dict[BalanceKey, int]()
    async for part in fold_journal(database_url, up_to=up_to):
        entries += part.entries
        add_balances(balances, part.balances)
    return entries, balances


def posted(entries: list[Positioned]) -> dict[BalanceKey, int]:
    return fold_balances(data for entry in entries if isinstance(data := entry.event.data, JournalEntryPosted))


@pytest.mark.parametrize("alone_max", [IN_ONE_PROCESS, IN_SEVERAL])
async def test_parts_add_up_to_all_entries(
    database_url: str, entries: list[Positioned], monkeypatch: pytest.MonkeyPatch, alone_max: int
) -> None:
    monkeypatch.setattr(journal, "PART_POSITIONS", 7)
    monkeypatch.setattr(journal, "PARTS_ALONE_MAX", alone_max)
    assert await folded(database_url, up_to=entries[-1].position) == (len(entries), posted(entries))


async def test_what_comes_after_is_left_out(database_url: str, entries: list[Positioned]) -> None:
    *before, last = entries
    assert await folded(database_url, up_to=last.position - 1) == (len(before), posted(before))


async def test_an_empty_store_has_no_entries(database_url: str) -> None:
    assert await folded(database_url, up_to=0) == (0, {})


@pytest.mark.parametrize("alone_max", [IN_ONE_PROCESS, IN_SEVERAL])
@pytest.mark.parametrize(
    ("falsified", "why"),
    [
        ("""regexp_replace(convert_from(state, 'UTF8'), '"minor":', '"minor":1')""", "debits exceed credits by"),
        ("""replace(convert_from(state, 'UTF8'), '"minor":', '"minor":-')""", "a posting needs a positive amount"),
        ("""replace(convert_from(state, 'UTF8'), 'merchant:', 'pocket:')""", "UnknownAccount"),
        ("""regexp_replace(convert_from(state, 'UTF8'), '"postings":.*', '"postings":[]}}')""", "without postings"),
        ("""replace(convert_from(state, 'UTF8'), 'journal.', 'diary.')""", "Invalid value"),
        ("'nothing'", "JSON"),
    ],
)
async def test_an_entry_that_cannot_be_is_named(
    database_url: str,
    entries: list[Positioned],
    monkeypatch: pytest.MonkeyPatch,
    alone_max: int,
    falsified: str,
    why: str,
) -> None:
    monkeypatch.setattr(journal, "PARTS_ALONE_MAX", alone_max)
    position = entries[2].position
    for statement in FALSIFY.format(falsified, position).strip().splitlines():
        execute(database_url, statement)
    with pytest.raises(UnreadableEntry, match=rf"at position {position} cannot be read: .*{why}"):
        await folded(database_url, up_to=entries[-1].position)
