"""The view of dead letters: each as its events make it, and no payment's event in it."""

from uuid import UUID, uuid4

from domain.dead_letter.events import (
    DeadLetterClosed,
    DeadLetterEvent,
    DeadLetterKind,
    DeadLetterRecorded,
    DeadLetterResolved,
    DeadLetterRetried,
)
from domain.dead_letter.state import DeadLetterState, state_of
from domain.dead_letter.state import fold as fold_letter
from domain.history import Positioned
from domain.identifiers import PLATFORM
from projections.dead_letter.dead_letters import DEAD_LETTERS, DeadLetterRow, find, search
from projections.engine.view import fold
from projections.views import VIEWS
from tests.support.store import advanced, append_all, created, everything, open_store, open_views, stored

RECORDED = DeadLetterRecorded(
    kind=DeadLetterKind.TIMER, subject="timer-1", payment_id=None, provider=None, reason="it failed"
)
LIVES: dict[str, tuple[DeadLetterEvent, ...]] = {
    "open": (RECORDED,),
    "retrying": (RECORDED, DeadLetterRetried()),
    "open again": (RECORDED, DeadLetterRetried(), RECORDED),
    "resolved": (RECORDED, DeadLetterRetried(), DeadLetterResolved(outcome="done")),
    "closed": (RECORDED, DeadLetterClosed(reason="seen")),
    "begun again": (RECORDED, DeadLetterClosed(reason="seen"), RECORDED),
}


def life(letter_id: UUID, events: tuple[DeadLetterEvent, ...]) -> list[Positioned]:
    return [
        Positioned(version, stored(letter_id, version, event, merchant_id=PLATFORM))
        for version, event in enumerate(events, start=1)
    ]


def row_after(events: tuple[DeadLetterEvent, ...]) -> DeadLetterRow:
    [row] = fold(DEAD_LETTERS, {}, life(uuid4(), events)).values()
    return row


def test_a_row_is_in_the_state_that_the_letter_is_in() -> None:
    for name, events in LIVES.items():
        letter = fold_letter(events)
        assert letter is not None
        assert row_after(events).state == state_of(letter), name


def test_a_row_says_what_came_of_it_and_how_often_it_was_retried() -> None:
    assert (row_after(LIVES["resolved"]).note, row_after(LIVES["resolved"]).retries) == ("done", 1)
    assert row_after(LIVES["closed"]).note == "seen"
    assert row_after(LIVES["begun again"]).note is None


def test_a_letter_is_in_no_other_view_and_a_payment_not_in_this_one() -> None:
    events = life(uuid4(), LIVES["resolved"])
    for name, view in VIEWS.items():
        assert bool(fold(view, {}, events)) == (name == DEAD_LETTERS.name)
    assert not fold(DEAD_LETTERS, {}, [Positioned(1, created(uuid4()))])


async def test_letters_are_found_by_state_and_kind_those_recorded_last_first(database_url: str) -> None:
    letters = {name: uuid4() for name in LIVES}
    async with open_store(database_url) as store, open_views(database_url) as views:
        for name, letter_id in letters.items():
            await append_all(store, [each.event for each in life(letter_id, LIVES[name])])
        await advanced(views, DEAD_LETTERS, await everything(store))
        still_open = await search(views, rows_max=10, state=DeadLetterState.OPEN)
        assert {row.letter_id for row in still_open} == {
            letters[name] for name in ("open", "open again", "begun again")
        }
        assert not await search(views, rows_max=10, kind=DeadLetterKind.WEBHOOK)
        everyone = await search(views, rows_max=10, kind=DeadLetterKind.TIMER)
        assert [row.letter_id for row in everyone] == sorted(letters.values(), reverse=True)
        after = await search(views, rows_max=10, before=everyone[2].letter_id)
        assert after == everyone[3:]
        assert await find(views, letters["closed"]) == next(
            row for row in everyone if row.letter_id == letters["closed"]
        )
        assert await find(views, uuid4()) is None
