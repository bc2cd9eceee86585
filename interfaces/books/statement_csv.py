"""A statement as CSV: its opening balances, every line, its closing balances; amounts are decimal numbers."""

from collections.abc import AsyncIterator, Iterable, Sequence

from interfaces.books.csv_text import csv_text
from interfaces.books.decimal_text import decimal_text
from interfaces.statement import StatementAccount, StatementLine

COLUMNS = StatementLine.__struct_fields__


async def statement_csv(
    currency: str, accounts: Sequence[StatementAccount], pages: AsyncIterator[Sequence[StatementLine]]
) -> AsyncIterator[str]:
    """A page at a time. Who reads the closing balances knows that nothing is missing before them."""

    def balances(what: str, minors: Iterable[tuple[str, int]]) -> list[tuple[str, ...]]:
        return [_balance_row(what, account, decimal_text(minor, currency)) for account, minor in minors]

    yield csv_text([COLUMNS, *balances("opening balance", [(each.account, each.opening) for each in accounts])])
    async for lines in pages:
        yield csv_text([_line_row(line, currency) for line in lines])
    yield csv_text(balances("closing balance", [(each.account, each.closing) for each in accounts]))


def _line_row(line: StatementLine, currency: str) -> tuple[str, ...]:
    reference = (str(line.position), line.recorded_at.isoformat(), line.entry_id, line.payment_id or "", line.cause)
    return (*reference, line.account, decimal_text(line.change, currency), decimal_text(line.balance, currency))


def _balance_row(what: str, account: str, amount: str) -> tuple[str, ...]:
    filled = {"cause": what, "account": account, "balance": amount}
    return tuple(filled.get(column, "") for column in COLUMNS)
