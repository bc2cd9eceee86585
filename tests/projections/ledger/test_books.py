"""What the journal's views answer is what folding the journal gives: at every position, for every account."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from msgspec.structs import replace

from domain.history import Positioned
from domain.ledger.accounts import AccountCode
from domain.ledger.balances import BalanceKey
from domain.ledger.entry import JournalEntryPosted
from projections.engine.view import View, fold
from projections.ledger import account_blocks, books
from projections.ledger.account_blocks import ACCOUNT_BLOCKS
from projections.ledger.books import Balance, on_normal_side
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
    for module in (account_blocks, books):
        monkeypatch.setattr(module, "BLOCK_POSITIONS", 7)


@given(stores())
def test_the_lines_and_the_blocks_come_to_the_balances_of_the_journal(events: list[Positioned]) -> None:
    for rows in (fold(JOURNAL_LINES, {}, events), fold(ACCOUNT_BLOCKS, {}, events)):
        sums: dict[BalanceKey, int] = {}
        for row in rows.values():
            code, key = AccountCode(row.account), BalanceKey(AccountCode(row.account), row.currency)
            sums[key] = sums.get(key, 0) + on_normal_side(code, row.signed_minor)
        assert sums == folded(events, up_to=len(events))


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
    rows: dict[Any, JournalLinesRow] = fold(JOURNAL_LINES, {}, events)
    for code, currency in {(row.account, row.currency) for row in rows.values()}:
        mine = [row for row in rows.values() if (row.account, row.currency) == (code, currency)]
        middle = mine[len(mine) // 2].position
        for after, up_to in ((0, len(events)), (middle, len(events)), (0, middle)):
            found = await books.lines(views, AccountCode(code), currency, after=after, up_to=up_to, lines_max=99)
            assert found == [row for row in mine if after < row.position <= up_to]
        assert await books.lines(views, AccountCode(code), currency, after=0, up_to=999, lines_max=1) == mine[:1]


async def test_an_instant_is_the_position_before_the_first_entry_recorded_at_it_or_later(
    views: Connection, events: list[Positioned]
) -> None:
    entries = [event for event in events if isinstance(event.event.data, JournalEntryPosted)]
    times = sorted({entry.event.recorded_at for entry in entries})
    assert [entry.event.recorded_at for entry in entries] != sorted(entry.event.recorded_at for entry in entries)
    for moment in (times[0] - timedelta(days=1), *times, times[-1] + timedelta(microseconds=1)):
        assert await books.last_before(views, moment) == _first_part(entries, moment)


def _first_part(entries: Sequence[Positioned], moment: datetime) -> int | None:
    return next((entry.position - 1 for entry in entries if entry.event.recorded_at >= moment), None)
