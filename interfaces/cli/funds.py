"""`tallystick funds`: merchants' pending funds and reserves, by the time at which they become available."""

from collections.abc import Sequence

import click
from rich.table import Table

from interfaces.cli.shared import console, report_failures, with_core
from interfaces.composition import Core
from projections.ledger.upcoming import UPCOMING_MAX, UpcomingFunds, upcoming


@click.group()
def funds() -> None:
    """Money that was captured and is not available yet."""


@funds.command()
@click.option("--merchant", help="Only this merchant's (mer_…).")
@report_failures
def due(merchant: str | None) -> None:
    """List what becomes available when.

    What was captured, and what is kept back as a reserve, by the instant at which it is released. A worker does that by
    itself."""

    async def work(core: Core) -> Sequence[UpcomingFunds]:
        async with core.pool.connection() as connection:
            return await upcoming(connection, merchant)

    found = with_core(work)
    if not found:
        console.print("Nothing is pending that has a date.")
        return
    table = Table("available at", "merchant", "of", "amount")
    table.columns[3].justify = "right"
    for each in found:
        at = each.available_at.isoformat()
        table.add_row(at, each.merchant_id, each.bucket.value, str(each.amount))
    console.print(table)
    if len(found) == UPCOMING_MAX:
        console.print(f"These are the first {UPCOMING_MAX:,}.")
