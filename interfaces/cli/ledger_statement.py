"""`tallystick ledger statement`: a merchant's statement as JSON or CSV, of any length."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import click
import msgspec

from domain.money.currencies import decimals
from interfaces import composition
from interfaces.books.statement_csv import statement_csv
from interfaces.cli.shared import report_failures, with_core
from interfaces.composition import Core
from interfaces.resources.period import period_of
from interfaces.resources.statement import statement_account_resources, statement_line_resources
from projections.ledger.account_journal import PostedLine
from projections.ledger.moments import position_before
from projections.ledger.statement import AccountInPeriod, StatementPeriod, statement_accounts, statement_pages


@click.command()
@click.argument("merchant")
@click.option("--currency", required=True, help="Of which currency, such as EUR.")
@click.option("--from", "begin", required=True, help="From this RFC 3339 time on.")
@click.option("--to", "end", required=True, help="Before this RFC 3339 time.")
@click.option("--format", "form", default="json", type=click.Choice(["json", "csv"]), help="In which form.")
@report_failures
def statement(merchant: str, currency: str, begin: str, end: str, form: str) -> None:
    """Print a merchant's statement.

    Every line of the accounts of MERCHANT (mer_…) in one currency, from the opening to the closing balance of each. In
    JSON amounts are minor units, in CSV decimal numbers."""
    decimals(currency)
    since, to = period_of(begin, end, now=composition.utc_now())

    async def work(core: Core) -> None:
        reader, store = core.pool.connection, core.store
        period = StatementPeriod(
            merchant_id=merchant,
            currency=currency,
            begin=await position_before(reader, store, since),
            end=await position_before(reader, store, to),
        )
        accounts, pages = await statement_accounts(reader, period), statement_pages(reader, store, period)
        if not accounts:
            click.echo(f"No account of {merchant} in {currency} had been posted to by then.", err=True)
        if form == "csv":
            async for text in statement_csv(currency, accounts, pages):
                click.echo(text, nl=False)
        else:
            await _print_json(period, since, to, accounts, pages)

    with_core(work, read_only=True)


async def _print_json(
    period: StatementPeriod,
    since: datetime,
    to: datetime,
    accounts: Sequence[AccountInPeriod],
    pages: AsyncIterator[Sequence[PostedLine]],
) -> None:
    """Print the statement as the API answers it, but in one page; only some of the lines are in memory at a time."""
    head = {
        "merchant_id": period.merchant_id,
        "currency": period.currency,
        "from": since,
        "to": to,
        "accounts": statement_account_resources(accounts),
    }
    click.echo(msgspec.json.encode(head)[:-1] + b',"lines":[', nl=False)
    separator = b"\n"
    async for lines in pages:
        for line in statement_line_resources(lines):
            click.echo(separator + msgspec.json.encode(line), nl=False)
            separator = b",\n"
    click.echo(b"\n]}")
