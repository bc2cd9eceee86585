"""A merchant's statement as clients see it."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from domain.ledger.accounts import AccountCode
from interfaces import ids
from interfaces.resources.totals import Total
from projections.ledger.account_journal import PostedLine
from projections.ledger.statement import AccountInPeriod


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


class Statement(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """What was posted at `from` or later and before `to`. `next_cursor` is null on the last page; the opening and
    closing balances are those of the whole period on every page."""

    merchant_id: str
    currency: str
    from_: datetime
    to: datetime
    accounts: list[StatementAccount]
    lines: list[StatementLine]
    next_cursor: str | None


def statement_account_resources(accounts: Iterable[AccountInPeriod]) -> list[StatementAccount]:
    return [
        StatementAccount(account=_short(of.account), opening=of.opening.minor, closing=of.closing.minor)
        for of in accounts
    ]


def statement_line_resources(lines: Iterable[PostedLine]) -> list[StatementLine]:
    return [
        StatementLine(
            position=line.position,
            recorded_at=line.recorded_at,
            entry_id=ids.text_of(ids.ENTRY, line.entry_id),
            payment_id=ids.payment_text(line.payment_id),
            cause=line.cause,
            account=_short(line.account),
            change=line.change.minor,
            balance=line.balance.minor,
        )
        for line in lines
    ]


def _short(code: AccountCode) -> str:
    """`pending` for `merchant:mer_…:pending`: the statement names the merchant once."""
    return code.split(":", 2)[2]
