"""One account's lines in one currency, in the order of posting, each with the balance after it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from domain.ledger.accounts import AccountCode
from domain.money.money import Money, zero
from projections.engine.waiting import Reader
from projections.ledger import books
from projections.ledger.books import on_normal_side
from projections.ledger.journal_lines import JournalLinesRow

PAGE_LINES_MAX: Final = 500
"""More than the lines of an entry: a page has at least one entry, and whole entries only."""


class PostedLine(Struct, frozen=True, kw_only=True):
    """A line of an account, with amounts on the account's normal side: a `change` above zero increases the balance.
    `balance` is the account's balance after this line."""

    position: int
    recorded_at: datetime
    entry_id: UUID
    payment_id: UUID | None
    cause: str
    account: AccountCode
    change: Money
    balance: Money


class JournalPage(Struct, frozen=True, kw_only=True):
    """`opening` is the balance before the first line. `next_after` is the position after which the next page begins;
    None on the last page."""

    opening: Money
    lines: Sequence[PostedLine]
    next_after: int | None


async def journal_page(reader: Reader, code: AccountCode, currency: str, *, after: int, up_to: int) -> JournalPage:
    """The account's first lines after position `after` and up to `up_to`, which the views have reached."""
    async with reader() as connection:
        before = await books.account_balances(connection, code, position=after)
        rows = await books.lines(connection, code, currency, after=after, up_to=up_to, lines_max=PAGE_LINES_MAX + 1)
    next_after = None
    if len(rows) > PAGE_LINES_MAX:
        # The last entry may have further lines: it opens the next page.
        rows = [row for row in rows if row.position < rows[-1].position]
        next_after = rows[-1].position
    opening = next((of.amount for of in before if of.currency == currency), zero(currency))
    return JournalPage(opening=opening, lines=posted_lines(rows, {code: opening}), next_after=next_after)


def posted_lines(rows: Sequence[JournalLinesRow], opening: Mapping[AccountCode, Money]) -> list[PostedLine]:
    """The rows, of one currency and in order, with their accounts' balances; `opening` has the balances before them."""
    balances = dict(opening)
    lines = []
    for row in rows:
        code = AccountCode(row.account)
        change = Money(on_normal_side(code, row.signed_minor), row.currency)
        balances[code] = balances.get(code, zero(row.currency)) + change
        lines.append(
            PostedLine(
                position=row.position,
                recorded_at=row.recorded_at,
                entry_id=row.entry_id,
                payment_id=row.payment_id,
                cause=row.cause,
                account=code,
                change=change,
                balance=balances[code],
            )
        )
    return lines
