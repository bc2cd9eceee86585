"""`tallystick fx`: exchange rates are imported, published and listed, and amounts converted."""

from typing import BinaryIO

import click
from rich.table import Table

from application.fx.commands import Imported
from domain.fx.ecb import CHARACTERS_MAX
from domain.fx.events import FxRatesPublished
from domain.fx.rates import BASIS_POINTS, Quote, Rates, convert
from domain.history import Cause, Positioned
from domain.money.money import parse_decimal
from interfaces.cli.fx_report import report
from interfaces.cli.named_file import naming_the_line, text_of
from interfaces.cli.shared import console, operator_option, report_failures, with_core
from interfaces.composition import Core
from interfaces.resources.as_of import instant

SHOWN_MAX = 50


@click.group()
def fx() -> None:
    """Exchange rates and conversion."""


fx.add_command(report)

at_option = click.option("--at", help="By the rates published by this RFC 3339 time, instead of the newest.")


@fx.command("import")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.File("rb"))
@operator_option
@report_failures
def import_(files: tuple[BinaryIO, ...], cause: Cause) -> None:
    """Import the ECB's euro reference rates from each FILE.

    Its XML or CSV, of one day or of many (gunzip and unzip first). What is known already is left as it is; a file with
    a mistake, or with other rates of a day than are known, adds nothing.
    """
    texts = [(file, text_of(file, bytes_max=CHARACTERS_MAX)) for file in files]

    async def work(core: Core) -> None:
        for file, text in texts:
            with naming_the_line(file):
                imported = await core.fx.commands.import_ecb(text, cause)
            click.echo(
                f"{file.name}: days that are new: {len(imported.numbers):,} of {imported.days:,}{_named(imported)}."
            )
            if imported.ignored:
                ignored = ", ".join(f"{code} on {days:,}" for code, days in sorted(imported.ignored.items()))
                click.echo(f"Left out, no currencies of ISO 4217 any more: {ignored} days.")

    with_core(work)


def _named(imported: Imported) -> str:
    """The first and the last of the new sets of rates, as the end of a sentence."""
    match imported.numbers:
        case ():
            return ""
        case (number,):
            return f", ecb:{number}"
        case numbers:
            return f", ecb:{numbers[0]} to ecb:{numbers[-1]}"


@fx.command()
@click.argument("file", type=click.File("rb"))
@operator_option
@report_failures
def publish(file: BinaryIO, cause: Cause) -> None:
    """Publish your own rates from FILE, a JSON document.

    Prints the number they have. Other rates of the same moment take the place of those that were published before.
    """
    text = text_of(file)

    async def work(core: Core) -> int:
        return await core.fx.commands.publish(text, cause)

    with naming_the_line(file):
        click.echo(with_core(work))


@fx.command("list")
@report_failures
def list_all() -> None:
    """List the rates that were published, those published last first, up to 50 of them."""

    async def work(core: Core) -> list[Positioned]:
        return list(await core.fx.commands.history())

    history = with_core(work)
    if not history:
        console.print("There are none.")
        return
    table = Table("rates", "of", "base", "currencies", "kept at", "by")
    for positioned in history[: -SHOWN_MAX - 1 : -1]:
        event, data = positioned.event, positioned.event.data
        assert isinstance(data, FxRatesPublished)
        table.add_row(
            f"{data.source}:{data.number}",
            data.as_of.isoformat(timespec="seconds"),
            data.base,
            str(len(data.rates)),
            event.recorded_at.isoformat(timespec="seconds"),
            event.actor,
        )
    console.print(table)
    if len(history) > SHOWN_MAX:
        console.print(f"{len(history) - SHOWN_MAX:,} more before them.")


@fx.command()
@click.argument("from_currency", metavar="FROM")
@click.argument("to_currency", metavar="TO")
@at_option
@report_failures
def rate(from_currency: str, to_currency: str, at: str | None) -> None:
    """Print how many units of TO one unit of FROM is, and by which rates."""
    click.echo(_told(_rates(at).rate(from_currency, to_currency)))


@fx.command("convert")
@click.argument("amount")
@click.argument("from_currency", metavar="FROM")
@click.argument("to_currency", metavar="TO")
@click.option(
    "--mark-up",
    default=0,
    type=click.IntRange(0, BASIS_POINTS),
    help="Basis points of the value that are kept.",
)
@at_option
@report_failures
def convert_(amount: str, from_currency: str, to_currency: str, mark_up: int, at: str | None) -> None:
    """Print what AMOUNT, such as 100.00, comes to.

    Nothing is posted. The settled amount, the mark-up and the residue of rounding are together the value.
    """
    money = parse_decimal(amount, from_currency)
    quote = _rates(at).rate(from_currency, to_currency)
    conversion = convert(money, to_currency, quote, mark_up_basis_points=mark_up)
    click.echo(f"{conversion.amount} at {_told(quote)}")
    for name in ("value", "mark_up", "settled", "residue"):
        click.echo(f"{name.replace('_', '-'):<8} {getattr(conversion, name)!s:>24}")


def _rates(at: str | None) -> Rates:
    async def work(core: Core) -> Rates:
        return await core.fx.commands.rates()

    moment = None if at is None else instant("at", at)
    rates = with_core(work)
    return rates if moment is None else rates.at(moment)


def _told(quote: Quote) -> str:
    published = quote.as_of.isoformat(timespec="seconds")
    return f"1 {quote.from_currency} = {quote.text} {quote.to_currency} ({quote.rates}, published {published})"
