"""`tallystick payouts`: payouts are listed, shown, approved and canceled, and their files for the bank printed."""

from collections.abc import Sequence

import click
import msgspec
from rich.table import Column, Table

from application.payout.bank_port import BankFile
from application.payout.loaded import LoadedPayout
from domain.history import Cause
from domain.identifiers import BatchId, PayoutId
from domain.money.money import Money
from domain.payout.status import PayoutStatus
from interfaces import ids
from interfaces.cli.shared import console, id_given, operator_option, report_failures, with_core
from interfaces.composition import Core
from interfaces.resources.payout import batch_resource, operator_payout_resource, operator_payout_row_resource
from projections.payout import batches as batches_view
from projections.payout import payouts as payouts_view
from projections.payout.batches import PayoutBatchRow
from projections.payout.payouts import PayoutRow

SHOWN_MAX = 50


@click.group("payouts")
def payouts() -> None:
    """Money on its way to merchants' banks."""


@payouts.command("list")
@click.option("--status", type=click.Choice(list(map(str, PayoutStatus))), help="Only those in it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line instead of a table.")
@report_failures
def list_(status: str | None, as_json: bool) -> None:
    """List the payouts, those created last first, up to 50 of them."""

    async def work(core: Core) -> Sequence[PayoutRow]:
        async with core.pool.connection() as connection:
            return await payouts_view.search(
                connection, rows_max=SHOWN_MAX, status=None if status is None else PayoutStatus(status)
            )

    found = [operator_payout_row_resource(row) for row in with_core(work)]
    if as_json:
        for payout in found:
            click.echo(msgspec.json.encode(payout))
        return
    if not found:
        console.print("There are none.")
        return
    # Ids are not cut, so that they can be copied; `show` prints the fields that do not fit.
    table = Table(Column("", no_wrap=True), Column("merchant", no_wrap=True), "status", "amount", "since (UTC)")
    for payout in found:
        table.add_row(
            payout.payout_id,
            payout.merchant_id,
            payout.status,
            str(Money(payout.amount, payout.currency)),
            f"{payout.updated_at:%Y-%m-%d %H:%M}",
        )
    console.print(table)


@payouts.command("show")
@click.argument("payout")
@report_failures
def show(payout: str) -> None:
    """Print the payout PAYOUT (po_…) as JSON."""
    payout_id = _payout_id_of(payout)

    async def work(core: Core) -> LoadedPayout:
        return await core.payout.commands.show(payout_id)

    loaded = with_core(work)
    click.echo(msgspec.json.format(msgspec.json.encode(operator_payout_resource(loaded)), indent=2))


@payouts.command("approve")
@click.argument("payout")
@operator_option
@report_failures
def approve(payout: str, cause: Cause) -> None:
    """Let the held payout PAYOUT (po_…) go with the next file."""
    payout_id = _payout_id_of(payout)

    async def work(core: Core) -> None:
        await core.payout.commands.approve(payout_id, cause)

    with_core(work, needs_open_store=True)
    console.print(f"{payout} goes to the bank with the next file.")


@payouts.command("cancel")
@click.argument("payout")
@click.option("--reason", required=True, help="Why it is not to be paid; it is kept.")
@operator_option
@report_failures
def cancel(payout: str, reason: str, cause: Cause) -> None:
    """Call the payout PAYOUT (po_…) off, while no file has it: its money is available again."""
    payout_id = _payout_id_of(payout)
    if not reason.strip() or not reason.isprintable():
        raise click.BadParameter("expected some printable characters", param_hint="--reason")

    async def work(core: Core) -> None:
        await core.payout.commands.cancel_for(payout_id, reason.strip(), cause)

    with_core(work, needs_open_store=True)
    console.print(f"{payout} is canceled.")


@payouts.command("batches")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line instead of a table.")
@report_failures
def batches(as_json: bool) -> None:
    """List the files that go to the bank, the newest first, up to 50 of them."""

    async def work(core: Core) -> Sequence[PayoutBatchRow]:
        async with core.pool.connection() as connection:
            return await batches_view.latest(connection, rows_max=SHOWN_MAX)

    found = [batch_resource(row) for row in with_core(work)]
    if as_json:
        for batch in found:
            click.echo(msgspec.json.encode(batch))
        return
    if not found:
        console.print("There are none.")
        return
    table = Table(Column("", no_wrap=True), "status", "payouts", "total", "executed on", "the bank says")
    for batch in found:
        table.add_row(
            batch.batch_id,
            batch.status,
            str(batch.payouts),
            str(Money(batch.total, batch.currency)),
            str(batch.execution_date),
            batch.reference or batch.reason or "–",
        )
    console.print(table)


@payouts.command("file")
@click.argument("batch")
@report_failures
def file(batch: str) -> None:
    """Print the file (pain.001) of the batch BATCH (pb_…), byte for byte as the bank is sent it."""
    uuid = id_given(batch, ids.PAYOUT_BATCH, called="BATCH")

    async def work(core: Core) -> BankFile:
        return await core.payout.files.file_of(BatchId(uuid))

    click.echo(with_core(work).content, nl=False)


def _payout_id_of(text: str) -> PayoutId:
    return PayoutId(id_given(text, ids.PAYOUT, called="PAYOUT"))
