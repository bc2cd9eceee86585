"""Queries over the journal's views: balances at any position, lines in order, the position of an instant."""

# Up to a position that all of BOOK_VIEWS have reached nothing changes any more: several reads up to it agree.

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import psycopg

from domain.ledger.accounts import AccountCode, Side, account
from domain.money.money import Money
from projections.engine.checkpoint import positions
from projections.engine.view import View
from projections.ledger.account_blocks import ACCOUNT_BLOCKS, BLOCK_POSITIONS, block_of
from projections.ledger.journal_clock import JOURNAL_CLOCK
from projections.ledger.journal_lines import JOURNAL_LINES, LINES_BLOCK_POSITIONS, lines_block_of

ALL = 2**31 - 1
BOOK_VIEWS: tuple[View[Any], ...] = (JOURNAL_LINES, ACCOUNT_BLOCKS, JOURNAL_CLOCK)

Connection = psycopg.AsyncConnection[Any]

# The begin of the first block of lines that has an entry recorded at the moment or later.
_REACHING = """
SELECT c.block * %(block_positions)s + (t.number - 1) * %(step_positions)s FROM (
    SELECT block, latest FROM views.journal_clock WHERE latest_at >= %(moment)s ORDER BY block LIMIT 1
) AS c, unnest(c.latest) WITH ORDINALITY AS t (latest_at, number)
WHERE t.latest_at >= %(moment)s ORDER BY t.number LIMIT 1
"""
# The recursion goes from account to account by the primary key, however many blocks each has. The balance is null where
# nothing was posted up to the position.
_BALANCES = """
WITH RECURSIVE k AS (
    (SELECT account, currency, 1 AS number FROM views.account_blocks
     WHERE account >= %(first)s AND account < %(end)s ORDER BY account, currency, block LIMIT 1)
    UNION ALL
    SELECT n.account, n.currency, k.number + 1 FROM k, LATERAL (
        SELECT b.account, b.currency FROM views.account_blocks AS b
        WHERE (b.account, b.currency) > (k.account, k.currency) AND b.account < %(end)s
        ORDER BY b.account, b.currency, b.block LIMIT 1
    ) AS n
    WHERE k.number < %(balances_max)s
)
SELECT k.account, k.currency, CASE WHEN (
    SELECT l.positions[1] FROM views.journal_lines AS l
    WHERE l.account = k.account AND l.currency = k.currency ORDER BY l.account, l.currency, l.block LIMIT 1
) <= %(position)s THEN (
    SELECT coalesce(sum(b.signed_minor), 0) FROM views.account_blocks AS b
    WHERE b.account = k.account AND b.currency = k.currency AND b.block < %(block)s
) + (
    SELECT coalesce(sum(p.signed_minor), 0)
    FROM views.journal_lines AS l, unnest(l.positions, l.signed_minor) AS p (position, signed_minor)
    WHERE l.account = k.account AND l.currency = k.currency
        AND l.block >= %(first_lines)s AND l.block <= %(last_lines)s AND p.position <= %(position)s
) END AS signed_minor
FROM k ORDER BY k.account, k.currency
"""
# All merchants at once: each table is read once, from beginning to end.
_TRIAL_BALANCE = """
SELECT of_all.account, currency, sum(signed_minor) FROM (
    SELECT account, currency, signed_minor FROM views.account_blocks WHERE block < %(block)s
    UNION ALL
    SELECT l.account, l.currency, p.signed_minor
    FROM views.journal_lines AS l, unnest(l.positions, l.signed_minor) AS p (position, signed_minor)
    WHERE l.block >= %(first_lines)s AND l.block <= %(last_lines)s AND p.position <= %(position)s
) AS lines, LATERAL (
    SELECT CASE split_part(lines.account, ':', 1)
        WHEN 'merchant' THEN 'merchant:*:' || split_part(lines.account, ':', 3) ELSE lines.account END AS account
) AS of_all
GROUP BY of_all.account, currency ORDER BY of_all.account COLLATE "C", currency
"""
# The merchants' accounts of each kind are added up, as in the trial balance.
_TURNOVER = """
SELECT of_all.account, currency, coalesce(sum(p.signed_minor) FILTER (WHERE p.signed_minor > 0), 0),
    coalesce(-sum(p.signed_minor) FILTER (WHERE p.signed_minor < 0), 0)
FROM views.journal_lines AS lines, unnest(lines.positions, lines.signed_minor) AS p (position, signed_minor), LATERAL (
    SELECT CASE split_part(lines.account, ':', 1)
        WHEN 'merchant' THEN 'merchant:*:' || split_part(lines.account, ':', 3) ELSE lines.account END AS account
) AS of_all
WHERE lines.block >= %(first_lines)s AND lines.block <= %(last_lines)s
    AND p.position > %(after)s AND p.position <= %(up_to)s
GROUP BY of_all.account, currency ORDER BY of_all.account COLLATE "C", currency
"""
_LAST_POSTED = """
SELECT p.position FROM views.journal_lines AS l, unnest(l.positions) AS p (position)
WHERE l.block <= %(last_lines)s AND p.position <= %(up_to)s ORDER BY l.block DESC, p.position DESC LIMIT 1
"""
_FIRST_POSTED = """
SELECT p.position FROM views.journal_lines AS l, unnest(l.positions) AS p (position)
ORDER BY l.block, p.position LIMIT 1
"""
# Rows are read in the order of the blocks, so that no more rows are read than the lines need. Only the primary key has
# the whole order: by block alone, Postgres may read the index by block, and the lines of all accounts.
_LINES = """
SELECT p.position FROM views.journal_lines AS l, unnest(l.positions) AS p (position)
WHERE l.account = %(account)s AND l.currency = %(currency)s
    AND l.block >= %(first_lines)s AND l.block <= %(last_lines)s
    AND p.position > %(after)s AND p.position <= %(up_to)s
ORDER BY l.account, l.currency, l.block, p.position LIMIT %(lines_max)s
"""


_Row = tuple[str, str, Decimal | None]


class Balance(NamedTuple):
    """`signed_minor` counts debits up and credits down; `account` may stand for many, as in `merchant:*:pending`."""

    account: AccountCode
    currency: str
    signed_minor: int

    @property
    def minor(self) -> int:
        """The balance on the account's normal side, as the ledger shows balances."""
        return on_normal_side(self.account, self.signed_minor)

    @property
    def amount(self) -> Money:
        """The balance on the account's normal side, as money."""
        return Money(self.minor, self.currency)


class Turnover(NamedTuple):
    """All debits and all credits of an account; `account` may stand for many, as in `merchant:*:pending`."""

    account: AccountCode
    currency: str
    debit_minor: int
    credit_minor: int


class ChartPage(NamedTuple):
    """`next_after` is the account after which the next page begins; None on the last page."""

    balances: Sequence[Balance]
    next_after: AccountCode | None


def on_normal_side(code: AccountCode, signed_minor: int) -> int:
    return signed_minor if account(code).normal is Side.DEBIT else -signed_minor


async def reached(connection: Connection) -> int:
    """The position that all of BOOK_VIEWS have reached."""
    return min((await positions(connection, BOOK_VIEWS)).values())


async def reaching(connection: Connection, moment: datetime) -> int | None:
    """A position at most LINES_BLOCK_POSITIONS before the end of the first entry recorded at `moment` or later; None
    while the views have no such entry."""
    wanted = {
        "moment": moment,
        "block_positions": BLOCK_POSITIONS,
        "step_positions": LINES_BLOCK_POSITIONS,
    }
    row = await (await connection.execute(_REACHING, wanted)).fetchone()
    return None if row is None else int(row[0])


async def account_balances(connection: Connection, code: AccountCode, *, position: int) -> Sequence[Balance]:
    """The account's balance after the entries up to `position`, in each currency posted to it by then."""
    return await _balances(connection, code, f"{code}\x01", position)


async def merchant_balances(connection: Connection, merchant_id: str, *, position: int) -> Sequence[Balance]:
    """The balance of each account of the merchant posted to by `position`."""
    return await _balances(connection, f"merchant:{merchant_id}:", f"merchant:{merchant_id};", position)


async def accounts_of_kind(connection: Connection, kind: str, *, position: int) -> Sequence[Balance]:
    """Every account whose name begins with `kind` and a colon, such as `fx:…`, posted to by `position`."""
    return await _balances(connection, f"{kind}:", f"{kind};", position)


async def chart_of_accounts(connection: Connection, *, position: int) -> Sequence[Balance]:
    """The balance of every account posted to by `position`."""
    return await _balances(connection, "", "~", position)


async def chart_page(connection: Connection, *, position: int, after: str, balances_max: int) -> ChartPage:
    """A page of the chart of accounts, by account name after `after`: at most `balances_max` balances, and all
    currencies of each account."""
    rows = await _rows(connection, f"{after}\x01" if after else "", "~", position, balances_max + 1)
    if len(rows) <= balances_max:
        return ChartPage(_posted(rows), None)
    # The last account may have further currencies: that account begins the next page.
    last = rows[-1][0]
    page = [row for row in rows if row[0] != last]
    return ChartPage(_posted(page), AccountCode(page[-1][0]))


async def trial_balance(connection: Connection, *, position: int) -> Sequence[Balance]:
    """The balance of each of our accounts after the entries up to `position`, and the sum of each kind of merchants'
    accounts."""
    cursor = await connection.execute(_TRIAL_BALANCE, _at(position))
    return [Balance(AccountCode(code), currency, int(minor)) for code, currency, minor in await cursor.fetchall()]


async def turnover(connection: Connection, *, after: int, up_to: int) -> Sequence[Turnover]:
    """The turnover after position `after` and up to `up_to`: of each of our accounts, and of each kind of merchants'
    accounts."""
    cursor = await connection.execute(_TURNOVER, _within(after, up_to))
    return [
        Turnover(AccountCode(code), currency, int(debit), int(credit))
        for code, currency, debit, credit in await cursor.fetchall()
    ]


async def last_posted(connection: Connection, *, up_to: int) -> int:
    """The position of the last entry up to `up_to`; 0 where there is none."""
    wanted = {"last_lines": lines_block_of(up_to), "up_to": up_to}
    row = await (await connection.execute(_LAST_POSTED, wanted)).fetchone()
    return 0 if row is None else int(row[0])


async def first_posted(connection: Connection) -> int | None:
    """The position of the first entry; None without an entry."""
    row = await (await connection.execute(_FIRST_POSTED)).fetchone()
    return None if row is None else int(row[0])


async def line_positions(
    connection: Connection, code: AccountCode, currency: str, *, after: int, up_to: int, lines_max: int
) -> list[int]:
    """The positions of an account's first lines after position `after` and up to `up_to`, in order: an entry's position
    once for each of its lines."""
    wanted = {"account": code, "currency": currency, "lines_max": lines_max, **_within(after, up_to)}
    return [position for (position,) in await (await connection.execute(_LINES, wanted)).fetchall()]


async def _balances(connection: Connection, first: str, end: str, position: int) -> Sequence[Balance]:
    return _posted(await _rows(connection, first, end, position, ALL))


def _posted(rows: Sequence[_Row]) -> Sequence[Balance]:
    return [Balance(AccountCode(code), currency, int(minor)) for code, currency, minor in rows if minor is not None]


async def _rows(connection: Connection, first: str, end: str, position: int, balances_max: int) -> Sequence[_Row]:
    wanted = {"first": first, "end": end, "balances_max": balances_max, **_at(position)}
    return await (await connection.execute(_BALANCES, wanted)).fetchall()


def _at(position: int) -> dict[str, int]:
    """The parameters of a balance after `position`: its block, and the blocks of lines from there to `position`."""
    block = block_of(position)
    return {
        "block": block,
        "first_lines": lines_block_of(block * BLOCK_POSITIONS),
        "last_lines": lines_block_of(position),
        "position": position,
    }


def _within(after: int, up_to: int) -> dict[str, int]:
    return {"after": after, "up_to": up_to, "first_lines": lines_block_of(after), "last_lines": lines_block_of(up_to)}
