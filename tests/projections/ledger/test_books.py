"""What the journal's views answer is what folding the journal gives: at every position, for every account."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.history import Positioned
from domain.ledger.accounts import AccountCode
from domain.ledger.balances import BalanceKey
from domain.ledger.entry import JournalEntryPosted
from projections.engine.view import View, fold
from projections.engine.waiting import Reader
from projections.ledger import account_blocks, books, journal_clock, journal_lines, moments
from projections.ledger.account_blocks import ACCOUNT_BLOCKS
from projections.ledger.books import Balance, on_normal_side
from projections.ledger.entries import Line, lines_at
from projections.ledger.journal_clock import JOURNAL_CLOCK
from projections.ledger.journal_lines import JOURNAL_LINES, JournalLinesRow
from tests.projections.histories import HISTORIES, MERCHANTS, positioned, recorded_history, stores
from tests.support.ledger import fold_accounts
from tests.support.store import advanced

BOOKS: tuple[View[Any], ...] = (JOURNAL_LINES, ACCOUNT_BLOCKS, JOURNAL_CLOCK)
Connection = psycopg.AsyncConnection[Any]


def folded(events: Sequence[Positioned], *, up_to: int) -> dict[BalanceKey, int]:
    """The accounts' balances after `up_to`."""
    return fold_accounts(
        data for event in events if event.position <= up_to and isinstance(data := event.event.data, JournalEntryPosted)
    )


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So small that a few payments fill several."""
    for module in (account_blocks, books, journal_clock):
        monkeypatch.setattr(module, "BLOCK_POSITIONS", 9)
    for module in (journal_lines, books, moments):
        monkeypatch.setattr(module, "LINES_BLOCK_POSITIONS", 3)


@given(stores())
def test_the_lines_and_the_blocks_come_to_the_balances_of_the_journal(events: list[Positioned]) -> None:
    blocks = [(row.account, row.currency, row.signed_minor) for row in fold(ACCOUNT_BLOCKS, {}, events).values()]
    lines = [(row.account, row.currency, sum(row.signed_minor)) for row in fold(JOURNAL_LINES, {}, events).values()]
    for rows in (blocks, lines):
        sums: dict[BalanceKey, int] = {}
        for account, currency, signed_minor in rows:
            code, key = AccountCode(account), BalanceKey(AccountCode(account), currency)
            sums[key] = sums.get(key, 0) + on_normal_side(code, signed_minor)
        assert sums == folded(events, up_to=len(events))


@given(stores(), st.integers(1, 6), st.integers(1, 3))
def test_the_blocks_of_lines_have_every_posting_once_in_order(
    events: list[Positioned], positions: int, batches: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(journal_lines, "LINES_BLOCK_POSITIONS", positions)
        rows: dict[Any, JournalLinesRow] = {}
        for begin in range(0, len(events), batches):
            rows |= fold(JOURNAL_LINES, rows, events[begin : begin + batches])
    told: dict[BalanceKey, list[tuple[int, int]]] = {}
    for row in sorted(rows.values(), key=lambda row: row.block):
        assert {position // positions for position in row.positions} == {row.block}
        own = told.setdefault(BalanceKey(AccountCode(row.account), row.currency), [])
        own += zip(row.positions, row.signed_minor, strict=True)
    expected: dict[BalanceKey, list[tuple[int, int]]] = {}
    for line in every_line(events):
        own = expected.setdefault(BalanceKey(line.account, line.currency), [])
        own.append((line.position, line.signed_minor))
    assert told == expected


def every_line(events: Sequence[Positioned]) -> list[Line]:
    """The postings of all entries, one after the other."""
    return [
        Line(
            position=event.position,
            line=number,
            entry_id=event.event.originator_id,
            payment_id=entry.payment_id,
            account=posting.account,
            currency=posting.amount.currency,
            signed_minor=posting.signed_minor,
            cause=entry.cause,
            recorded_at=event.event.recorded_at,
        )
        for event in events
        if isinstance(entry := event.event.data, JournalEntryPosted)
        for number, posting in enumerate(entry.postings, start=1)
    ]


class Stored:
    """A store with these events."""

    def __init__(self, events: Sequence[Positioned]) -> None:
        self._events = events

    async def head(self) -> int:
        return len(self._events)

    async def after(self, position: int, *, events_max: int) -> Sequence[Positioned]:
        return [event for event in self._events if event.position > position][:events_max]

    async def at(self, positions: Sequence[int]) -> Sequence[Positioned]:
        return [event for event in self._events if event.position in positions]


def every_history() -> list[Positioned]:
    """Of two merchants in turn; every third payment's clock is two seconds ahead, so that times leave their order."""
    return positioned(
        [
            replace(event, recorded_at=event.recorded_at + timedelta(seconds=2 * (number % 3 == 0)))
            for number, name in enumerate(HISTORIES, start=1)
            for event in recorded_history(UUID(int=number), HISTORIES[name], MERCHANTS[number % 2], started_s=number)
        ]
    )


@pytest.fixture
async def events(views: Connection, small_blocks: None) -> list[Positioned]:
    """What the views have taken in."""
    there = every_history()
    for view in BOOKS:
        await advanced(views, view, there)
    assert await books.reached(views) == len(there)
    return there


async def test_every_account_at_every_position_holds_what_the_fold_says(
    views: Connection, events: list[Positioned]
) -> None:
    accounts = {key.account for key in folded(events, up_to=len(events))}
    for position in range(len(events) + 1):
        expected = folded(events, up_to=position)
        chart = await books.chart_of_accounts(views, position=position)
        assert {BalanceKey(of.account, of.currency): of.minor for of in chart} == expected
    for code in accounts:
        [*found] = await books.account_balances(views, code, position=len(events))
        assert [(of.account, of.currency) for of in found] == sorted(key for key in expected if key.account == code)


@pytest.mark.parametrize("balances_max", [10, 15, 10_000])
async def test_the_chart_in_pages_is_the_chart(views: Connection, events: list[Positioned], balances_max: int) -> None:
    for position in (1, len(events) // 2, len(events)):
        paged: list[Balance] = []
        after: str | None = ""
        while after is not None:
            page = await books.chart_page(views, position=position, after=after, balances_max=balances_max)
            paged += page.balances
            after = page.next_after
        assert paged == await books.chart_of_accounts(views, position=position)


async def test_a_merchants_accounts_are_its_own_and_no_other_merchants(
    views: Connection, events: list[Positioned]
) -> None:
    expected = folded(events, up_to=len(events))
    for merchant in MERCHANTS:
        found = await books.merchant_balances(views, merchant, position=len(events))
        assert {BalanceKey(of.account, of.currency): of.minor for of in found} == {
            key: minor for key, minor in expected.items() if key.account.startswith(f"merchant:{merchant}:")
        }
    assert await books.merchant_balances(views, MERCHANTS[0][:-1], position=len(events)) == []


async def test_a_trial_balance_adds_up_the_merchants_and_comes_to_nothing(
    views: Connection, events: list[Positioned]
) -> None:
    for position in (0, 20, len(events)):
        found = await books.trial_balance(views, position=position)
        expected: dict[tuple[str, str], int] = {}
        for key, minor in folded(events, up_to=position).items():
            owner, *rest = key.account.split(":")
            name = f"merchant:*:{rest[-1]}" if owner == "merchant" else key.account
            expected[name, key.currency] = expected.get((name, key.currency), 0) + minor
        assert {(of.account, of.currency): of.minor for of in found} == expected
        for currency in {of.currency for of in found}:
            assert sum(of.signed_minor for of in found if of.currency == currency) == 0


async def test_lines_come_in_order_page_by_page(views: Connection, events: list[Positioned]) -> None:
    lines = every_line(events)
    for code, currency in {(line.account, line.currency) for line in lines}:
        mine = [line for line in lines if (line.account, line.currency) == (code, currency)]
        middle = mine[len(mine) // 2].position
        for after, up_to, lines_max in (
            (0, len(events), 999),
            (middle, len(events), 999),
            (0, middle, 999),
            (0, 999, 1),
            (middle - 1, 999, 3),
        ):
            found = await books.line_positions(views, code, currency, after=after, up_to=up_to, lines_max=lines_max)
            wanted = [line for line in mine if after < line.position <= up_to][:lines_max]
            assert found == [line.position for line in wanted]
            assert await lines_at(Stored(events), found, [code], currency) == wanted


async def test_what_was_posted_between_two_positions_is_the_sum_of_the_lines(
    views: Connection, events: list[Positioned]
) -> None:
    for after, up_to in ((0, len(events)), (10, 11), (17, 60), (len(events), len(events))):
        sums: dict[tuple[str, str], list[int]] = {}
        for line in every_line(events):
            if after < line.position <= up_to:
                owner, *rest = line.account.split(":")
                name = f"merchant:*:{rest[-1]}" if owner == "merchant" else line.account
                both = sums.setdefault((name, line.currency), [0, 0])
                both[line.signed_minor < 0] += abs(line.signed_minor)
        found = await books.turnover(views, after=after, up_to=up_to)
        assert {(of.account, of.currency): [of.debit_minor, of.credit_minor] for of in found} == sums


async def test_the_last_and_the_first_entry_are_found_by_position(views: Connection, events: list[Positioned]) -> None:
    posted = [line.position for line in every_line(events)]
    for up_to in range(len(events) + 1):
        assert await books.last_posted(views, up_to=up_to) == max(
            (position for position in posted if position <= up_to), default=0
        )
    assert await books.first_posted(views) == posted[0]


async def test_an_instant_is_the_position_before_the_first_entry_recorded_at_it_or_later(
    views: Connection, events: list[Positioned]
) -> None:
    entries = [event for event in events if isinstance(event.event.data, JournalEntryPosted)]
    times = sorted({entry.event.recorded_at for entry in entries})
    assert [entry.event.recorded_at for entry in entries] != sorted(entry.event.recorded_at for entry in entries)
    for moment in (times[0] - timedelta(days=1), *times, times[-1] + timedelta(microseconds=1)):
        found = await moments.last_before(reader_of(views), Stored(events), moment)
        assert found == _first_part(entries, moment)


def reader_of(connection: Connection) -> Reader:
    @asynccontextmanager
    async def reader() -> AsyncIterator[Connection]:
        yield connection

    return reader


def _first_part(entries: Sequence[Positioned], moment: datetime) -> int | None:
    return next((entry.position - 1 for entry in entries if entry.event.recorded_at >= moment), None)
