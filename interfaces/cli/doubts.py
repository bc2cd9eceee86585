"""`tallystick doubts`: operations in doubt are listed, shown, looked up at the provider, and settled."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import click
import msgspec
from rich.table import Table

from application.payment.in_doubt import Doubt
from application.payment.loaded import LoadedPayment
from domain.history import Cause
from domain.identifiers import PaymentId
from domain.payment.outcome import DECLINE_CODE_OTHER, DECLINE_CODES, Approved, Declined
from domain.payment.status import status_of
from interfaces import ids
from interfaces.cli.shared import console, operator_option, report_failures, with_core
from interfaces.composition import Core, utc_now
from interfaces.resources.payment import OPERATION_PREFIX


class DoubtShown(msgspec.Struct, frozen=True, kw_only=True):
    """A doubt as printed, with public ids."""

    payment_id: str
    provider: str
    operation: str
    operation_id: str
    provider_key: str
    """The operation's id as the provider has it: our reference there, and the idempotency key."""
    since: str
    in_doubt: bool
    reason: str


class PaymentIdText(click.ParamType[PaymentId]):
    """A payment's id, such as `pay_01h…` or `pi_01h…`."""

    name = "payment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> PaymentId:
        uuid = ids.parse(value, ids.PAYMENT, ids.INTENT)
        if uuid is None:
            self.fail("expected an id such as pay_01h… or pi_01h…", param, ctx)
        return PaymentId(uuid)


PAYMENT = PaymentIdText()


@click.group()
def doubts() -> None:
    """Operations whose outcome at the provider stays unknown.

    They are never taken for failed: the provider is asked until it answers, or until an operator settles them.
    """


@doubts.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line instead of a table.")
@report_failures
def list_(as_json: bool) -> None:
    """List the operations in doubt, oldest first."""

    async def work(core: Core) -> Sequence[Doubt]:
        return await core.payment.doubts.all(now=utc_now())

    found = [_shown(doubt) for doubt in with_core(work)]
    if as_json:
        for each in found:
            click.echo(msgspec.json.encode(each))
        return
    if not found:
        console.print("Nothing is in doubt.")
        return
    table = Table("payment", "provider", "operation", "since", "reason")
    for each in found:
        table.add_row(each.payment_id, each.provider, each.operation, each.since, each.reason)
    console.print(table)


@doubts.command()
@click.argument("payment", type=PAYMENT)
@report_failures
def show(payment: PaymentId) -> None:
    """Show what is unknown of PAYMENT, and under which key to look it up in the provider's records."""

    async def work(core: Core) -> Doubt | None:
        return await core.payment.doubts.of(payment)

    doubt = with_core(work)
    if doubt is None:
        console.print("Every operation of the payment has its outcome.")
        return
    for name, value in msgspec.structs.asdict(_shown(doubt)).items():
        console.print(f"{name:13} {value}")


@doubts.command()
@click.argument("payment", type=PAYMENT)
@operator_option
@report_failures
def ask(payment: PaymentId, cause: Cause) -> None:
    """Ask the provider of PAYMENT now, and settle what it says."""

    async def work(core: Core) -> LoadedPayment:
        return await core.payment.doubts.ask(payment, cause, now=utc_now())

    _act(work)


@doubts.command()
@click.argument("payment", type=PAYMENT)
@click.option("--outcome", type=click.Choice(["approved", "declined"]), required=True, help="What became of it.")
@click.option("--reference", help="The provider's name for the charge, if it was approved.")
@click.option(
    "--code",
    type=click.Choice(sorted(DECLINE_CODES)),
    default=DECLINE_CODE_OTHER,
    show_default=True,
    help="Why it was declined.",
)
@click.option("--reason", help="Why, in words, if it was declined: kept with the payment.")
@operator_option
@report_failures
def settle(
    payment: PaymentId, outcome: str, reference: str | None, code: str, reason: str | None, cause: Cause
) -> None:
    """Settle PAYMENT by what the provider's own records say.

    It is recorded as if the provider had answered so, under your name: look it up there first. An operation whose
    outcome is known meanwhile is left as it is.
    """
    found: Approved | Declined
    if outcome == "approved":
        if not reference:
            raise click.UsageError("An approved operation needs --reference: the provider's name for it.")
        found = Approved(reference)
    else:
        if not reason:
            raise click.UsageError("A declined operation needs --reason.")
        found = Declined(code, reason)

    async def work(core: Core) -> LoadedPayment:
        return await core.payment.doubts.settle(payment, found, cause, now=utc_now())

    _act(work)


def _act(work: Callable[[Core], Coroutine[Any, Any, LoadedPayment]]) -> None:
    """Do the work and print the payment's status. Raises click.ClickException where the outcome is still unknown."""

    async def run(core: Core) -> tuple[LoadedPayment, Doubt | None]:
        loaded = await work(core)
        return loaded, await core.payment.doubts.of(loaded.id)

    loaded, doubt = with_core(run, needs_open_store=True)
    if doubt is not None:
        raise click.ClickException(f"the outcome is still unknown: {doubt.reason}.")
    console.print(f"{ids.text_of(ids.PAYMENT, loaded.id)} is {status_of(loaded.payment)}.")


def _shown(doubt: Doubt) -> DoubtShown:
    return DoubtShown(
        payment_id=ids.text_of(ids.PAYMENT, doubt.payment_id),
        provider=doubt.provider,
        operation=doubt.operation,
        operation_id=ids.text_of(OPERATION_PREFIX[doubt.operation], doubt.operation_id),
        provider_key=str(doubt.operation_id),
        since=doubt.since.isoformat(timespec="seconds"),
        in_doubt=doubt.in_doubt,
        reason=doubt.reason,
    )
