"""`tallystick fx report`: gain and loss from currencies, now or at any moment."""

import click
import msgspec
from rich.table import Table

from domain.money.currencies import decimals
from interfaces import composition
from interfaces.cli.shared import console, report_failures, with_core
from interfaces.composition import Core
from interfaces.resources.as_of import instant, position_of
from projections.ledger import books
from projections.ledger.fx_report import FxReport, fx_report


@click.command()
@click.option("--base", required=True, help="In which currency, such as EUR.")
@click.option("--as-of", help="What had been posted by then, at the rates published by then: an RFC 3339 time.")
@click.option("--format", "form", default="table", type=click.Choice(["table", "json"]), help="In which form.")
@report_failures
def report(base: str, as_of: str | None, form: str) -> None:
    """Report gain and loss from currencies.

    What mark-ups and the residues of rounding have earned, and what each open position (fx:…) is worth at the newest
    rates: their sum is the unrealised gain, or loss. In JSON amounts are minor units.
    """
    decimals(base)
    now = composition.utc_now()
    at = now if as_of is None else instant("as_of", as_of)

    async def work(core: Core) -> FxReport:
        position = await position_of(core.pool.connection, core.store, as_of, now=now)
        rates = await core.fx.commands.rates()
        async with core.pool.connection() as connection:
            positions = await books.accounts_of_kind(connection, "fx", position=position)
            ours = await books.accounts_of_kind(connection, "platform", position=position)
        return fx_report([*positions, *ours], rates.at(at), base=base, at=at, position=position)

    made = with_core(work)
    if form == "json":
        click.echo(msgspec.json.encode(made))
    else:
        _print(made)


def _print(made: FxReport) -> None:
    table = Table("account", "amount", "rate", "rates", "published", "value")
    for column in (1, 2, 5):
        table.columns[column].justify = "right"
    for line in made.lines:
        published = "–" if line.as_of is None else line.as_of.isoformat(timespec="minutes")
        rated = (line.rate or "–", line.rates or "–", published)
        table.add_row(line.account, str(line.amount), *rated, str(line.value))
    table.add_section()
    for name, total in (
        ("realised: mark-up", made.mark_up),
        ("realised: residue of rounding", made.residue),
        ("unrealised: open positions", made.unrealised),
    ):
        table.add_row(name, "", "", "", "", str(total))
    console.print(table)
