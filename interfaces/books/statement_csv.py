"""A statement as CSV: its opening balances, every line, its closing balances; amounts are decimal numbers."""

from collections.abc import AsyncIterator, Iterable, Sequence

from interfaces.books.csv_text import csv_text
from interfaces.books.decimal_text import decimal_text
from interfaces.resources.statement import StatementLine, statement_account_resources, statement_line_resources
from projections.ledger.account_journal import PostedLine
from projections.ledger.statement import AccountInPeriod

COLUMNS = StatementLine.__struct_fields__


async def statement_csv(
    currency: str, accounts: Sequence[AccountInPeriod], pages: AsyncIterator[Sequence[PostedLine]]
) -> AsyncIterator[str]:
    """A page at a time. The closing balances come last: a text that has them is complete."""

    def balances(cause: str, minors: Iterable[tuple[str, int]]) -> list[tuple[str, ...]]:
        return [_balance_row(cause, account, decimal_text(minor, currency)) for account, minor in minors]

    shown = statement_account_resources(accounts)
    yield csv_text([COLUMNS, *balances("opening balance", [(each.account, each.opening) for each in shown])])
    async for lines in pages:
        yield csv_text([_line_row(line, currency) for line in statement_line_resources(lines)])
    yield csv_text(balances("closing balance", [(each.account, each.closing) for each in shown]))


def _line_row(line: StatementLine, currency: str) -> tuple[str, ...]:
    reference = (str(line.position), line.recorded_at.isoformat(), line.entry_id, line.payment_id or "", line.cause)
    return (*reference, line.account, decimal_text(line.change, currency), decimal_text(line.balance, currency))


def _balance_row(cause: str, account: str, amount: str) -> tuple[str, ...]:
    filled = {"cause": cause, "account": account, "balance": amount}
    return tuple(filled.get(column, "") for column in COLUMNS)
