"""`tallystick ledger accounts | balance | trial-balance | journal`: the books now or at any moment."""

from collections.abc import Sequence
from datetime import datetime

import click
from rich.table import Table

from domain.ledger.accounts import AccountCode, account
from domain.money.money import Money
from interfaces import composition, ids
from interfaces.cli.shared import console, report_failures, with_core
from interfaces.composition import Core
from interfaces.resources.as_of import instant, position_of
from interfaces.resources.ledger import trial_balance_resource
from projections.ledger import books
from projections.ledger.account_journal import journal_page
from projections.ledger.books import Balance
from projections.ledger.moments import position_before

as_of_option = click.option("--as-of", help="What had been posted then: an RFC 3339 time, or a position.")


@click.command()
@as_of_option
@report_failures
def accounts(as_of: str | None) -> None:
    """List the chart of accounts.

    Every account that has been posted to, the side on which it grows, and its balance on that side."""

    async def work(core: Core) -> Sequence[Balance]:
        position = await _position(core, as_of)
        async with core.pool.connection() as connection:
            return await books.chart_of_accounts(connection, position=position)

    _print(with_core(work, read_only=True))


@click.command()
@click.argument("code", metavar="ACCOUNT")
@as_of_option
@report_failures
def balance(code: str, as_of: str | None) -> None:
    """Print the balance of one account.

    ACCOUNT is named as in `ledger accounts`, such as merchant:mer_…:pending; there is one balance a currency."""
    account(AccountCode(code))

    async def work(core: Core) -> Sequence[Balance]:
        position = await _position(core, as_of)
        async with core.pool.connection() as connection:
            return await books.account_balances(connection, AccountCode(code), position=position)

    _print(with_core(work, read_only=True))


@click.command("trial-balance")
@as_of_option
@report_failures
def trial_balance(as_of: str | None) -> None:
    """Print the trial balance.

    The merchants' accounts of each kind are added up, as merchant:*:pending. In each currency the debits equal the
    credits."""

    async def work(core: Core) -> tuple[Sequence[Balance], int]:
        position = await _position(core, as_of)
        async with core.pool.connection() as connection:
            return await books.trial_balance(connection, position=position), position

    shown = trial_balance_resource(*with_core(work, read_only=True))
    table = Table("account", "debit", "credit", title=f"after position {shown.position:,}", title_justify="left")
    for line in shown.lines:
        table.add_row(line.account, *(_amount(minor, line.currency) for minor in (line.debit, line.credit)))
    for total in shown.totals:
        table.add_section()
        table.add_row("total", *(str(Money(minor, total.currency)) for minor in (total.debit, total.credit)))
    for column in table.columns[1:]:
        column.justify = "right"
    console.print(table)


@click.command()
@click.argument("code", metavar="ACCOUNT")
@click.option("--from", "begin", help="Only what was posted at this RFC 3339 time or later.")
@click.option("--to", "end", help="Only what was posted before this RFC 3339 time.")
@report_failures
def journal(code: str, begin: str | None, end: str | None) -> None:
    """Print the lines of one account.

    In the order in which they were posted, one currency after the other, each with the balance after it, the entry it
    is of, and what caused it. ACCOUNT is named as in `ledger accounts`."""
    own = AccountCode(code)
    account(own)

    async def work(core: Core) -> None:
        first = 0 if begin is None else await _before(core, instant("from", begin))
        last = await _position(core, None) if end is None else await _before(core, instant("to", end))
        async with core.pool.connection() as connection:
            currencies = [of.currency for of in await books.account_balances(connection, own, position=last)]
        for currency in currencies:
            await _print_lines(core, own, currency, after=first, up_to=last)

    with_core(work, read_only=True)


async def _print_lines(core: Core, code: AccountCode, currency: str, *, after: int | None, up_to: int) -> None:
    is_first = True
    while after is not None:
        page = await journal_page(core.pool.connection, core.store, code, currency, after=after, up_to=up_to)
        if is_first:
            click.echo(f"{currency}  before: {page.opening}")
        for line in page.lines:
            change, balance = str(line.change), str(line.balance)
            at, entry = line.recorded_at.isoformat(), ids.text_of(ids.ENTRY, line.entry_id)
            click.echo(f"{line.position:>10}  {at}  {change:>20}  {balance:>20}  {entry}  {line.cause}")
        after, is_first = page.next_after, False


async def _position(core: Core, as_of: str | None) -> int:
    return await position_of(core.pool.connection, core.store, as_of, now=composition.utc_now())


async def _before(core: Core, moment: datetime) -> int:
    return await position_before(core.pool.connection, core.store, moment)


def _print(balances: Sequence[Balance]) -> None:
    if not balances:
        console.print("There are none.")
        return
    table = Table("account", "grows by", "balance")
    table.columns[2].justify = "right"
    for of in balances:
        table.add_row(of.account, account(of.account).normal, str(of.amount))
    console.print(table)


def _amount(minor: int, currency: str) -> str:
    return str(Money(minor, currency)) if minor else ""
