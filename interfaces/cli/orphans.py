"""`tallystick orphans`: entries of providers' lists, found after a restore, that no payment here has."""

from collections.abc import Sequence

import click
import msgspec
from rich.table import Table

from application.payment.orphans import Orphan
from application.provider.listing import ListedDispute, Unreadable
from domain.history import Cause
from domain.identifiers import ProviderName
from interfaces import ids
from interfaces.cli.record import Text
from interfaces.cli.shared import console, operator_option, report_failures, with_core
from interfaces.composition import Core


@click.group("orphans")
def orphans() -> None:
    """What was found at providers after a restore, and is in no payment here.

    What waits is explained by the retry of its request, by itself. Of the rest look up at the provider what it is: then
    have it given back, record it by hand (`tallystick record`), or close it.
    """


@orphans.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line instead of a table.")
@report_failures
def list_(as_json: bool) -> None:
    """List what waits or is unexplained, the oldest first."""

    async def work(core: Core) -> Sequence[Orphan]:
        return await core.restore.register.open()

    found = with_core(work)
    if as_json:
        for orphan in found:
            click.echo(msgspec.json.encode(orphan))
        return
    if not found:
        console.print("Everything that providers have is explained.")
        return
    table = Table("provider", "name", "what", "amount", "payment", "state", "why")
    for orphan in found:
        payment = "" if orphan.payment_id is None else ids.text_of(ids.PAYMENT, orphan.payment_id)
        table.add_row(orphan.provider, orphan.name, *_what(orphan), payment, orphan.state, orphan.reason)
    console.print(table)


@orphans.command("give-back")
@click.argument("provider")
@click.argument("name")
@click.option("--reason", type=Text(), required=True, help="Why; it is kept.")
@operator_option
@report_failures
def give_back(provider: str, name: str, reason: str, cause: Cause) -> None:
    """Have PROVIDER refund the charge of the entry NAME, or release what it reserves.

    For a charge that no retry will claim. May be repeated: it is asked for under one id. Should the retry come after
    all, its payment is that charge, and refunded.
    """

    async def work(core: Core) -> None:
        await core.restore.orphans.give_back(ProviderName(provider), name, reason, cause)

    with_core(work, needs_open_store=True)
    console.print(f"{provider} has given {name} back.")


@orphans.command("close")
@click.argument("provider")
@click.argument("name")
@click.option("--reason", type=Text(), required=True, help="What it was, and what was done about it; it is kept.")
@operator_option
@report_failures
def close(provider: str, name: str, reason: str, cause: Cause) -> None:
    """Close the entry NAME of PROVIDER's list: nothing more is done about it."""

    async def work(core: Core) -> None:
        await core.restore.orphans.close(ProviderName(provider), name, reason, cause)

    with_core(work)
    console.print(f"{name} is closed.")


def _what(orphan: Orphan) -> tuple[str, str]:
    fact = orphan.fact
    match fact:
        case Unreadable():
            return "cannot be read", ""
        case ListedDispute(notification=told):
            return f"dispute {told.phase}", str(told.amount or "")
        case _:
            return f"{fact.notification.about} {fact.notification.reference}", str(fact.notification.amount or "")
