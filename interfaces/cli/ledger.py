"""`tallystick ledger`: the commands on the books, and the verification of the books."""

import click

from domain.ledger import balances as folded
from domain.ledger.balances import BalanceKey, add_balances
from domain.ledger.causes import Causes
from interfaces.cli.ledger_export import export
from interfaces.cli.ledger_reads import accounts, balance, journal, trial_balance
from interfaces.cli.ledger_statement import statement
from interfaces.cli.progress import positions_bar
from interfaces.cli.shared import console, report_failures, with_core
from interfaces.composition import Core, UnreadableEntry, fold_journal
from projections.verification import balance_difference, kept_balances


@click.group()
def ledger() -> None:
    """The double-entry ledger."""


for command in (export, accounts, balance, trial_balance, journal, statement):
    ledger.add_command(command)


@ledger.command()
@report_failures
def verify() -> None:
    """Check that the books balance.

    Reads every journal entry again, whose debits have to equal its credits in each currency, adds them up, and compares
    with the balances that the appends have kept. Every amount authorised, captured, voided, expired, refunded or
    disputed has to have the entry that the posting rules make of it, and every entry such a cause. Exits with 1 and
    names the first difference, or what cannot be read. What is appended meanwhile is left out.
    """
    try:
        failure = with_core(verify_books, read_only=True)
    except UnreadableEntry as error:
        failure = str(error)
    if failure:
        raise click.ClickException(failure)
    console.print("The books balance.")


async def verify_books(core: Core) -> str | None:
    """The first fault of the books, None without one; prints their totals. Raises UnreadableEntry."""
    async with core.pool.connection() as connection:
        kept = await kept_balances(connection)
    entries = 0
    balances: dict[BalanceKey, int] = {}
    causes = Causes()
    with positions_bar("Verifying", up_to=kept.head) as come_to:
        async for part in fold_journal(core.settings.database_url, up_to=kept.head):
            entries += part.entries
            add_balances(balances, part.balances)
            causes.join(part.causes)
            come_to(part.up_to)
    surpluses = folded.trial_balance(balances)
    for currency, surplus in sorted(surpluses.items()):
        console.print(f"{currency}  debits less credits: {surplus}")
    console.print(f"{entries:,} journal entries, {len(balances):,} balances.")
    unbalanced = [currency for currency, surplus in surpluses.items() if surplus]
    if unbalanced:
        return f"the trial balance of {', '.join(unbalanced)} is not zero"
    difference = balance_difference(kept.minor, balances)
    if difference:
        return f"{difference.where}: kept {difference.kept}, replayed {difference.replayed}"
    uncaused = causes.first_difference()
    return uncaused.what if uncaused else None
