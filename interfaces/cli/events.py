"""`tallystick events`: a payment's whole history, for auditors."""

import click
import msgspec
from rich.text import Text

from application.payment.loaded import loaded_from
from domain.history import Positioned
from domain.identifiers import PaymentId
from domain.money.money import Money
from domain.payment.status import status_of
from interfaces import composition, ids
from interfaces.cli.shared import console, id_given, report_failures, with_core
from interfaces.composition import Core
from interfaces.resources.as_of import cut
from interfaces.resources.payment_history import event_resource


@click.command()
@click.argument("payment")
@click.option("--as-of", help="Only what had happened then: an RFC 3339 time, or a position.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line instead of a table.")
@report_failures
def events(payment: str, as_of: str | None, as_json: bool) -> None:
    """Print a payment's whole history.

    Every event of PAYMENT (pay_… or pi_…), with who caused it and what it says."""
    uuid = id_given(payment, ids.PAYMENT, ids.INTENT, called="PAYMENT")
    payment_id = PaymentId(uuid)

    async def work(core: Core) -> list[Positioned]:
        history = await core.store.history(payment_id)
        if as_of is not None:
            history = cut(history, as_of, now=composition.utc_now(), head=await core.store.head())
        return list(history)

    history = with_core(work, read_only=True)
    loaded = loaded_from(payment_id, history)
    if as_json:
        for positioned in history:
            click.echo(msgspec.json.encode(event_resource(positioned)))
        return
    status = f"{status_of(loaded.payment)}, after {len(history)} events"
    console.print(Text.assemble((payment, "bold"), "  ", status))
    for positioned in history:
        shown = event_resource(positioned)
        at = shown.recorded_at.isoformat()
        console.print(Text.assemble(f"\n{shown.position:>8}  {at}  ", (shown.event, "bold")))
        console.print(f"          by {shown.actor}, request {shown.request_id}, trace {shown.trace_id}")
        for name, value in shown.data.items():
            if name != "type":
                console.print(f"          {name:16} {_plain(value)}")


def _plain(value: object) -> str:
    match value:
        case {"minor": int(minor), "currency": str(currency)}:
            return str(Money(minor, currency))
        case {"type": kind, "token": token}:
            return f"{kind}, {token}"
        case _:
            return str(value)
