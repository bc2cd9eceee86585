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
from projections.ledger.entries import Line, Store, lines_at

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


async def journal_page(
    reader: Reader, store: Store, code: AccountCode, currency: str, *, after: int, up_to: int
) -> JournalPage:
    """The account's first lines after position `after` and up to `up_to`, which the views have reached."""
    async with reader() as connection:
        before = await books.account_balances(connection, code, position=after)
        positions = await books.line_positions(
            connection, code, currency, after=after, up_to=up_to, lines_max=PAGE_LINES_MAX + 1
        )
    next_after = None
    if len(positions) > PAGE_LINES_MAX:
        # The last entry may have further lines: it opens the next page.
        positions = [position for position in positions if position < positions[-1]]
        next_after = positions[-1]
    lines = await lines_at(store, positions, [code], currency)
    opening = next((of.amount for of in before if of.currency == currency), zero(currency))
    return JournalPage(opening=opening, lines=posted_lines(lines, {code: opening}), next_after=next_after)


def posted_lines(lines: Sequence[Line], opening: Mapping[AccountCode, Money]) -> list[PostedLine]:
    """The lines, of one currency and in order, with their accounts' balances; `opening` has those before the lines."""
    balances = dict(opening)
    posted = []
    for line in lines:
        code = line.account
        change = Money(on_normal_side(code, line.signed_minor), line.currency)
        balances[code] = balances.get(code, zero(line.currency)) + change
        posted.append(
            PostedLine(
                position=line.position,
                recorded_at=line.recorded_at,
                entry_id=line.entry_id,
                payment_id=line.payment_id,
                cause=line.cause,
                account=code,
                change=change,
                balance=balances[code],
            )
        )
    return posted
