"""A merchant's statement: what each of its accounts held, every line in between, and what it held then."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from heapq import merge
from itertools import takewhile

from msgspec import Struct

from domain.ledger.accounts import AccountCode
from interfaces import ids
from interfaces.moments import Reader
from interfaces.resources.totals import Total
from projections.ledger import books
from projections.ledger.books import on_normal_side
from projections.ledger.journal_lines import JournalLinesRow

PAGE_LINES_MAX = 500
"""More than an entry has lines of one merchant: a page is whole entries, and at least one."""


class StatementAccount(Struct, frozen=True, kw_only=True):
    """Minor units. `closing` is `opening` and every `change` of its lines."""

    account: str
    opening: Total
    closing: Total


class StatementLine(Struct, frozen=True, kw_only=True):
    """Minor units: a `change` above zero is more that we owe the merchant, or hold for it; of the account `owed`, more
    that it owes us. `balance` is the account's after this line."""

    position: int
    recorded_at: datetime
    entry_id: str
    payment_id: str | None
    cause: str
    account: str
    change: Total
    balance: Total


class StatementPeriod(Struct, frozen=True, kw_only=True):
    """The entries after position `begin` and up to `end`."""

    merchant_id: str
    currency: str
    begin: int
    end: int


class StatementPage(Struct, frozen=True, kw_only=True):
    """`next_after` is the position after which the next page begins; None on the last."""

    lines: list[StatementLine]
    next_after: int | None


async def statement_accounts(reader: Reader, period: StatementPeriod) -> list[StatementAccount]:
    """Every account of the merchant in the currency that has been posted to by the period's end."""
    opening, closing = await _balances(reader, period, period.begin), await _balances(reader, period, period.end)
    return [
        StatementAccount(account=_short(code), opening=opening.get(code, 0), closing=minor)
        for code, minor in closing.items()
    ]


async def statement_page(reader: Reader, period: StatementPeriod, *, after: int) -> StatementPage:
    """The first of the period's lines after position `after`, in the order in which they were posted."""
    balances = await _balances(reader, period, after)
    ahead = await _ahead(reader, period, list(await _balances(reader, period, period.end)), after)
    next_after = None
    if len(ahead) > PAGE_LINES_MAX:
        cut = ahead[PAGE_LINES_MAX].position
        ahead = list(takewhile(lambda row: row.position < cut, ahead))
        next_after = ahead[-1].position
    shown = []
    for row in ahead:
        code = AccountCode(row.account)
        change = on_normal_side(code, row.signed_minor)
        balances[code] = balances.get(code, 0) + change
        shown.append(_line(row, change=change, balance=balances[code]))
    return StatementPage(lines=shown, next_after=next_after)


async def statement_lines(reader: Reader, period: StatementPeriod) -> AsyncIterator[Sequence[StatementLine]]:
    """All of the period's lines, a page at a time."""
    after: int | None = period.begin
    while after is not None:
        page = await statement_page(reader, period, after=after)
        yield page.lines
        after = page.next_after


async def _balances(reader: Reader, period: StatementPeriod, position: int) -> dict[AccountCode, int]:
    async with reader() as connection:
        found = await books.merchant_balances(connection, period.merchant_id, position=position)
    return {of.account: of.minor for of in found if of.currency == period.currency}


async def _ahead(
    reader: Reader, period: StatementPeriod, accounts: Sequence[AccountCode], after: int
) -> list[JournalLinesRow]:
    """One line more than a page has, of all accounts, in order."""
    async with reader() as connection:
        of_each = [
            await books.lines(
                connection, code, period.currency, after=after, up_to=period.end, lines_max=PAGE_LINES_MAX + 1
            )
            for code in accounts
        ]
    in_order = merge(*of_each, key=lambda row: (row.position, row.line))
    return [row for row, _ in zip(in_order, range(PAGE_LINES_MAX + 1), strict=False)]


def _line(row: JournalLinesRow, *, change: int, balance: int) -> StatementLine:
    return StatementLine(
        position=row.position,
        recorded_at=row.recorded_at,
        entry_id=ids.text_of(ids.ENTRY, row.entry_id),
        payment_id=ids.payment_text(row.payment_id),
        cause=row.cause,
        account=_short(AccountCode(row.account)),
        change=change,
        balance=balance,
    )


def _short(code: AccountCode) -> str:
    """`pending` for `merchant:mer_…:pending`: whose it is the statement says once."""
    return code.split(":", 2)[2]
