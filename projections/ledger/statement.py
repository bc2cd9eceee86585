"""A merchant's statement: the opening balance of each account, every line of the period, and the closing balance."""

from collections.abc import AsyncIterator, Mapping, Sequence
from heapq import merge
from itertools import islice, takewhile
from typing import Final

from msgspec import Struct

from domain.ledger.accounts import AccountCode
from domain.money.money import Money, zero
from projections.engine.waiting import Reader
from projections.ledger import books
from projections.ledger.account_journal import PostedLine, posted_lines
from projections.ledger.entries import Store, lines_at

PAGE_LINES_MAX: Final = 500
"""More than one merchant's lines of an entry: a page has at least one entry, and whole entries only."""


class StatementPeriod(Struct, frozen=True, kw_only=True):
    """One merchant's entries in one currency after position `begin` and up to `end`."""

    merchant_id: str
    currency: str
    begin: int
    end: int


class AccountInPeriod(Struct, frozen=True, kw_only=True):
    """An account's balances on its normal side. `closing` is `opening` plus the `change` of each of the account's
    lines."""

    account: AccountCode
    opening: Money
    closing: Money


class StatementLines(Struct, frozen=True, kw_only=True):
    """One page. `next_after` is the position after which the next page begins; None on the last page."""

    lines: Sequence[PostedLine]
    next_after: int | None


async def statement_accounts(reader: Reader, period: StatementPeriod) -> list[AccountInPeriod]:
    """Every account of the merchant in the currency that has been posted to by the period's end."""
    opening, closing = await _balances(reader, period, period.begin), await _balances(reader, period, period.end)
    nothing = zero(period.currency)
    return [
        AccountInPeriod(account=code, opening=opening.get(code, nothing), closing=amount)
        for code, amount in closing.items()
    ]


async def statement_page(reader: Reader, store: Store, period: StatementPeriod, *, after: int) -> StatementLines:
    """The first of the period's lines after position `after`, in the order of posting."""
    balances = await _balances(reader, period, after)
    accounts = list(await _balances(reader, period, period.end))
    ahead = await _ahead(reader, period, accounts, after)
    next_after = None
    if len(ahead) > PAGE_LINES_MAX:
        cut = ahead[PAGE_LINES_MAX]
        ahead = list(takewhile(lambda position: position < cut, ahead))
        next_after = ahead[-1]
    lines = await lines_at(store, ahead, accounts, period.currency)
    return StatementLines(lines=posted_lines(lines, balances), next_after=next_after)


async def statement_pages(reader: Reader, store: Store, period: StatementPeriod) -> AsyncIterator[Sequence[PostedLine]]:
    """All of the period's lines, a page at a time."""
    after: int | None = period.begin
    while after is not None:
        page = await statement_page(reader, store, period, after=after)
        yield page.lines
        after = page.next_after


async def _balances(reader: Reader, period: StatementPeriod, position: int) -> Mapping[AccountCode, Money]:
    async with reader() as connection:
        found = await books.merchant_balances(connection, period.merchant_id, position=position)
    return {of.account: of.amount for of in found if of.currency == period.currency}


async def _ahead(reader: Reader, period: StatementPeriod, accounts: Sequence[AccountCode], after: int) -> list[int]:
    """The positions of the next lines of all accounts, in order: at most one more than a page has lines."""
    async with reader() as connection:
        of_each = [
            await books.line_positions(
                connection, code, period.currency, after=after, up_to=period.end, lines_max=PAGE_LINES_MAX + 1
            )
            for code in accounts
        ]
    return list(islice(merge(*of_each), PAGE_LINES_MAX + 1))
