"""`tallystick disputes`: disputes are listed and shown, and recorded where a provider sends no notification."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import click
import msgspec
from rich.table import Column, Table

from application.dispute.loaded import LoadedDispute, load_dispute
from application.payment.loaded import load
from domain.dispute.events import DisputeKind, DisputeReason
from domain.dispute.open import OpenCase
from domain.dispute.state import DisputeStatus
from domain.history import Cause
from domain.identifiers import DisputeCaseId, DisputeId, MerchantId, PaymentId
from domain.money.money import Money
from domain.payment.method import CardBrand
from domain.payment.refusals import IllegalTransition
from domain.payment.state import DisputeResult, authorization_of, captured_funds_of, terms_of
from domain.payment.status import status_of
from interfaces import ids
from interfaces.cli.shared import MerchantName, console, id_given, operator_option, report_failures, with_core
from interfaces.composition import Core, utc_now
from interfaces.resources.dispute import operator_dispute_resource, operator_dispute_row_resource
from projections.dispute import disputes as view
from projections.dispute.disputes import DisputeRow

SHOWN_MAX = 50
RULINGS: Final = [str(status) for status in (DisputeStatus.WON, DisputeStatus.PARTIALLY_WON, DisputeStatus.LOST)]


@click.group("disputes")
def disputes() -> None:
    """What customers' banks dispute."""


@disputes.command("list")
@click.option("--status", type=click.Choice(list(map(str, DisputeStatus))), help="Only those in it.")
@click.option("--merchant", type=MerchantName(), help="Only this merchant's (mer_…).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line instead of a table.")
@report_failures
def list_(status: str | None, merchant: MerchantId | None, as_json: bool) -> None:
    """List the disputes, those opened last first, up to 50 of them."""

    async def work(core: Core) -> Sequence[DisputeRow]:
        async with core.pool.connection() as connection:
            wanted = None if status is None else DisputeStatus(status)
            return await view.search(connection, rows_max=SHOWN_MAX, merchant_id=merchant, status=wanted)

    found = [operator_dispute_row_resource(row) for row in with_core(work)]
    if as_json:
        for each in found:
            click.echo(msgspec.json.encode(each))
        return
    if not found:
        console.print("There are none.")
        return
    # Ids are not cut, so that they can be copied; `show` prints the columns that do not fit.
    table = Table(Column("", no_wrap=True), "kind", "status", "amount", "reason", "answer by (UTC)")
    for each in found:
        amount, until = str(Money(each.amount, each.currency)), f"{each.respond_by:%Y-%m-%d %H:%M}"
        table.add_row(each.dispute_id, each.kind, each.status, amount, each.reason, until)
    console.print(table)


@disputes.command("show")
@click.argument("dispute")
@report_failures
def show(dispute: str) -> None:
    """Print the dispute DISPUTE (dp_…) as JSON."""
    case_id = _id_of(dispute)

    async def work(core: Core) -> LoadedDispute:
        return await load_dispute(core.store, case_id)

    _print(with_core(work))


@disputes.command("open")
@click.argument("payment")
@click.option("--dispute-id", required=True, help="The provider's own name for the dispute.")
@click.option("--amount", type=click.IntRange(min=1), help="In minor units; else all that was captured.")
@click.option("--currency", help="In which the bank disputes it, by its ISO 4217 code; else that of the payment.")
@click.option("--kind", type=click.Choice(list(map(str, DisputeKind))), default=str(DisputeKind.CHARGEBACK))
@click.option("--reason", type=click.Choice(list(map(str, DisputeReason))), default=str(DisputeReason.OTHER))
@click.option("--provider-reason", default="", help="The provider's own words, or its code.")
@click.option("--network", type=click.Choice(list(map(str, CardBrand))), help="Else that of the payment's method.")
@click.option("--due", type=click.DateTime(), help="Until when the provider wants an answer, in UTC; not over yet.")
@operator_option
@report_failures
def open_(
    payment: str,
    dispute_id: str,
    amount: int | None,
    currency: str | None,
    kind: str,
    reason: str,
    provider_reason: str,
    network: str | None,
    due: datetime | None,
    cause: Cause,
) -> None:
    """Record that PAYMENT (pay_…) is disputed, at a provider that does not notify us of it.

    The bank's whole claim is booked, also beyond what refunds have left. The same again changes nothing; a dispute of
    that name that differs in anything is refused.
    """
    if currency is not None and amount is None:
        raise click.UsageError("In a currency of its own it needs an --amount.")
    payment_id = id_given(payment, ids.PAYMENT, ids.INTENT, called="PAYMENT")
    due = None if due is None else due.replace(tzinfo=UTC)
    if due is not None and due <= utc_now():
        # The dispute would expire, and so be lost, within seconds.
        raise click.BadParameter("it is over already; leave it out, and rule on the dispute", param_hint="--due")

    async def work(core: Core) -> LoadedDispute:
        loaded = await load(core.store, PaymentId(payment_id))
        taken = captured_funds_of(loaded.payment)
        if taken is None:
            raise IllegalTransition(verb="dispute", status=status_of(loaded.payment))
        command = OpenCase(
            merchant_id=loaded.merchant_id,
            payment_id=loaded.id,
            provider=authorization_of(loaded.payment).provider,
            dispute_id=DisputeId(dispute_id),
            kind=DisputeKind(kind),
            amount=taken.captured if amount is None else Money(amount, currency or taken.currency),
            network=terms_of(loaded.payment).method.brand if network is None else CardBrand(network),
            reason=DisputeReason(reason),
            provider_reason=provider_reason,
            due=due,
        )
        return await core.dispute.commands.open(command, cause)

    _print(with_core(work, needs_open_store=True))


@disputes.command("amend")
@click.argument("dispute")
@click.option("--amount", type=click.IntRange(min=1), required=True, help="In minor units of the dispute's currency.")
@operator_option
@report_failures
def amend(dispute: str, amount: int, cause: Cause) -> None:
    """Record that the bank disputes less of DISPUTE (dp_…) than before, or more, while it is open."""
    case_id = _id_of(dispute)

    async def work(core: Core) -> LoadedDispute:
        return await core.dispute.commands.amend(case_id, amount, cause)

    _print(with_core(work, needs_open_store=True))


@disputes.command("rule")
@click.argument("dispute")
@click.argument("result", type=click.Choice(RULINGS))
@click.option("--lost", type=click.IntRange(min=1), help="Of partially_won: what stays the customer's, in minor units.")
@operator_option
@report_failures
def rule(dispute: str, result: str, lost: int | None, cause: Cause) -> None:
    """Record that DISPUTE (dp_…) was won, lost or won in part, at a provider that does not notify us of it."""
    case_id = _id_of(dispute)
    if (result == DisputeStatus.PARTIALLY_WON) != (lost is not None):
        raise click.UsageError("What is partially_won needs --lost, and nothing else has it.")

    async def work(core: Core) -> LoadedDispute:
        if lost is not None:
            return await core.dispute.commands.rule_in_part(case_id, lost, cause)
        return await core.dispute.commands.rule(case_id, DisputeResult(result), cause)

    _print(with_core(work, needs_open_store=True))


def _print(loaded: LoadedDispute) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(operator_dispute_resource(loaded)), indent=2))


def _id_of(text: str) -> DisputeCaseId:
    return DisputeCaseId(id_given(text, ids.DISPUTE, called="DISPUTE"))
