"""`tallystick settlement`: providers' settlement files are imported, and their settlements reported."""

from collections import Counter
from typing import BinaryIO, Final

import click
import msgspec
from rich.table import Table

from application.settlement.commands import RowOutcome, RowResult
from domain.history import Cause
from domain.settlement.file import parse_settlement
from domain.settlement.rows import SettlementFile
from interfaces.books.settlement_csv import settlement_csv
from interfaces.cli.named_file import TABLE_BYTES_MAX, naming_the_line, text_of
from interfaces.cli.shared import console, operator_option, report_failures, sentence, with_core
from interfaces.composition import Core, utc_now
from interfaces.resources.as_of import optional_instant
from interfaces.resources.settlement import SettlementReport, settlement_report_resource
from projections.engine.waiting import wait_for
from projections.provider.reconciliation import RECONCILIATION
from projections.provider.settlement_report import provider_settlements
from projections.provider.settlements import SETTLEMENTS

VIEWS_WITHIN_S: Final = 2.0


@click.group()
def settlement() -> None:
    """What providers have settled with us."""


@settlement.command("import")
@click.argument("file", type=click.File("rb"))
@operator_option
@report_failures
def import_(file: BinaryIO, cause: Cause) -> None:
    """Take in a provider's settlement.

    FILE is CSV as docs/SETTLEMENT.md describes it. It has to add up, or nothing of it is applied. What was applied
    before changes nothing, so that an import that was interrupted is simply done again. Exits with 1 when a row is
    refused, or one that was applied before is missing: the others are applied all the same.
    """
    with naming_the_line(file):
        parsed = parse_settlement(text_of(file, bytes_max=TABLE_BYTES_MAX), utc_now())

    async def work(core: Core) -> tuple[int, list[RowResult]]:
        await wait_for(
            core.pool.connection,
            (RECONCILIATION, SETTLEMENTS),
            await core.store.head(),
            within_s=VIEWS_WITHIN_S,
        )
        before = await core.settlement.commands.applied_before(parsed)
        return before, [result async for result in core.settlement.commands.apply(parsed, cause)]

    before, results = with_core(work, needs_open_store=True)
    _print_results(parsed, results)
    counted = Counter(result.outcome for result in results)
    refused, missing = counted[RowOutcome.REFUSED], before - counted[RowOutcome.APPLIED_BEFORE]
    if missing > 0:
        click.echo(f"{missing:,} rows that were applied from this settlement before are not in this file.")
    if refused:
        raise click.ClickException(f"{refused:,} of {len(results):,} rows were refused.")
    if missing > 0:
        raise click.ClickException("The file does not have all that was applied from it.")


@settlement.command()
@click.option("--provider", required=True, help="Our account at it, by its name.")
@click.option("--from", "begin", help="Settlements taken in at this RFC 3339 time or later.")
@click.option("--to", "end", help="Settlements taken in before this RFC 3339 time.")
@click.option("--format", "form", type=click.Choice(["csv", "json"]), help="Instead of a table.")
@report_failures
def report(provider: str, begin: str | None, end: str | None, form: str | None) -> None:
    """Print what a provider has settled.

    By currency and kind of movement: what moved, what it cost, what was paid; and what is not settled yet. In JSON
    amounts are minor units, elsewhere decimal numbers."""
    since, to = optional_instant("from", begin), optional_instant("to", end)

    async def work(core: Core) -> SettlementReport:
        return settlement_report_resource(
            await provider_settlements(core.pool.connection, provider, begin=since, end=to)
        )

    found = with_core(work)
    match form:
        case "json":
            click.echo(msgspec.json.encode(found))
        case "csv":
            click.echo(settlement_csv(found), nl=False)
        case _:
            _print_report(found)


def _print_results(file: SettlementFile, results: list[RowResult]) -> None:
    counted = Counter(result.outcome for result in results)
    console.print(f"Settlement {file.settlement_id} of {file.provider}: {file.total}, paid {file.paid_at.isoformat()}.")
    console.print(
        f"{counted[RowOutcome.APPLIED]:,} rows applied, {counted[RowOutcome.APPLIED_BEFORE]:,} applied before, "
        f"{counted[RowOutcome.REFUSED]:,} refused."
    )
    for result in sorted(results, key=lambda result: result.row.line):
        if result.refusal is not None:
            row = result.row
            click.echo(f"line {row.line}: {row.movement} {row.named}: {sentence(result.refusal)}")


def _print_report(report: SettlementReport) -> None:
    header, *rows = [line.split(",") for line in settlement_csv(report).splitlines()]
    if not rows:
        console.print(f"{report.provider} has settled nothing, and has nothing to settle.")
        return
    table = Table(*header)
    for column in table.columns[2:]:
        column.justify = "right"
    for row in rows:
        table.add_row(*row)
    console.print(table)
