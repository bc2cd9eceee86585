"""`tallystick ledger`: the books, checked."""

import click

from interfaces.cli.progress import all_events
from interfaces.cli.shared import console, told_clearly, with_core
from interfaces.composition import Core
from interfaces.verification import Replay, balance_difference, kept_balances


@click.group()
def ledger() -> None:
    """The double-entry ledger."""


@ledger.command()
@told_clearly
def verify() -> None:
    """Check that the books balance.

    Folds every journal entry, and compares with the balances that the appends have kept. Exits with 1 and names the
    first difference, or the currency whose debits and credits differ. What is appended meanwhile is left out.
    """

    async def work(core: Core) -> str | None:
        async with core.pool.connection() as connection:
            kept = await kept_balances(connection)
        replayed = Replay()
        async for batch in all_events(core, "Verifying", up_to=kept.head):
            replayed.take_in(batch)
        for currency, surplus in sorted(replayed.trial_balance.items()):
            console.print(f"{currency}  debits less credits: {surplus}")
        console.print(f"{replayed.entries:,} journal entries, {len(replayed.balances):,} balances.")
        unbalanced = [currency for currency, surplus in replayed.trial_balance.items() if surplus]
        if unbalanced:
            return f"the trial balance of {', '.join(unbalanced)} is not zero"
        difference = balance_difference(kept.minor, replayed.balances)
        if difference:
            return f"{difference.where}: kept {difference.kept}, replayed {difference.replayed}"
        return None

    failure = with_core(work)
    if failure:
        raise click.ClickException(failure)
    console.print("The books balance.")
