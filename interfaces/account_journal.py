"""One account's lines in one currency, in the order in which they were posted, each with the balance after it."""

from datetime import datetime

from msgspec import Struct

from domain.ledger.accounts import AccountCode
from interfaces import ids
from interfaces.moments import Reader
from interfaces.resources.totals import Total
from projections.ledger import books
from projections.ledger.books import on_normal_side

PAGE_LINES_MAX = 500
"""More than an entry has lines: a page is whole entries, and at least one."""


class JournalLine(Struct, frozen=True, kw_only=True):
    """Minor units, on the account's normal side: a `change` above zero makes it grow."""

    position: int
    recorded_at: datetime
    entry_id: str
    payment_id: str | None
    cause: str
    change: Total
    balance: Total


class JournalPage(Struct, frozen=True, kw_only=True):
    """`opening` is the balance before its first line. `next_after` is the position after which the next page begins;
    None on the last."""

    opening: int
    lines: list[JournalLine]
    next_after: int | None


async def journal_page(reader: Reader, code: AccountCode, currency: str, *, after: int, up_to: int) -> JournalPage:
    """The account's first lines after position `after` and not after `up_to`, which the views have reached."""
    async with reader() as connection:
        before = await books.account_balances(connection, code, position=after)
        rows = await books.lines(connection, code, currency, after=after, up_to=up_to, lines_max=PAGE_LINES_MAX + 1)
    next_after = None
    if len(rows) > PAGE_LINES_MAX:
        # Of the last entry there may be further lines: it opens the next page.
        rows = [row for row in rows if row.position < rows[-1].position]
        next_after = rows[-1].position
    balance = opening = next((of.minor for of in before if of.currency == currency), 0)
    lines = []
    for row in rows:
        change = on_normal_side(code, row.signed_minor)
        balance += change
        lines.append(
            JournalLine(
                position=row.position,
                recorded_at=row.recorded_at,
                entry_id=ids.text_of(ids.ENTRY, row.entry_id),
                payment_id=ids.payment_text(row.payment_id),
                cause=row.cause,
                change=change,
                balance=balance,
            )
        )
    return JournalPage(opening=opening, lines=lines, next_after=next_after)
