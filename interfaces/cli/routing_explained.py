"""`tallystick routing explain`: the routing decisions of a payment with their reasons and outcomes."""

from collections.abc import Sequence

import click
from rich.table import Table
from rich.text import Text

from application.payment.loaded import PaymentNotFound
from domain.history import Positioned, of_kind
from domain.identifiers import OperationId
from domain.payment.events import (
    OperationInDoubt,
    OperationOutcomeUnknown,
    PaymentActionRequired,
    PaymentAttemptFailed,
    PaymentAuthorized,
    PaymentEvent,
    PaymentRouted,
)
from domain.routing.candidate import Candidate
from interfaces import ids
from interfaces.cli.shared import console, id_given, report_failures, with_core
from interfaces.composition import Core


@click.command()
@click.argument("payment")
@report_failures
def explain(payment: str) -> None:
    """Say why a payment went to its provider.

    Prints every decision of PAYMENT (pay_… or pi_…) as it was recorded: the policy and its rule, all providers with
    their figures at that moment and why they were out of the running, which one was chosen, and what became of it.
    """
    uuid = id_given(payment, ids.PAYMENT, ids.INTENT, called="PAYMENT")

    async def work(core: Core) -> Sequence[Positioned]:
        return await core.store.history(uuid)

    history = of_kind(with_core(work, read_only=True), PaymentEvent)
    if not history:
        raise PaymentNotFound()
    decisions = 0
    for positioned in history:
        if isinstance(positioned.event.data, PaymentRouted):
            decisions += 1
            _print(decisions, positioned, positioned.event.data, history)
    if not decisions:
        console.print(f"{payment} was not routed: it was not confirmed, or that was before decisions were recorded.")


def _print(number: int, positioned: Positioned, routed: PaymentRouted, history: Sequence[Positioned]) -> None:
    at = positioned.event.recorded_at.isoformat()
    console.print(Text.assemble((f"Decision {number}", "bold"), f"  {at}  by policy {routed.routing_policy}"))
    console.print(f"rule “{routed.rule}”, {routed.strategy}: {routed.reason}")
    table = Table("provider", "cost", "success", "p95 ms", "samples", "")
    for column in table.columns[1:5]:
        column.justify = "right"
    for candidate in routed.candidates:
        table.add_row(
            candidate.provider,
            _figure(candidate.cost_minor),
            "–" if candidate.success_bp is None else f"{candidate.success_bp / 100:.2f} %",
            _figure(candidate.latency_ms_p95),
            f"{candidate.samples:,}",
            _told(candidate, routed),
        )
    console.print(table)
    outcome = "nobody was asked" if routed.chosen is None else _outcome(routed.attempt_id, history)
    console.print(f"outcome: {outcome}\n")


def _told(candidate: Candidate, routed: PaymentRouted) -> str:
    if candidate.provider == routed.chosen:
        return "chosen"
    return f"out: {candidate.out}" if candidate.out else "in the running"


def _outcome(attempt_id: OperationId, history: Sequence[Positioned]) -> str:
    """The recorded outcomes of an attempt, in order."""
    told = []
    for positioned in history:
        match positioned.event.data:
            case PaymentAuthorized(attempt_id=about, reference=reference) if about == attempt_id:
                told.append(f"authorized as {reference}")
            case PaymentAttemptFailed(attempt_id=about, kind=kind, code=code, message=message) if about == attempt_id:
                told.append(f"{kind}: {code} ({message})")
            case PaymentActionRequired(attempt_id=about) if about == attempt_id:
                told.append("the customer had to act")
            case OperationOutcomeUnknown(operation_id=about, reason=reason) if about == attempt_id:
                told.append(f"unknown ({reason})")
            case OperationInDoubt(operation_id=about) if about == attempt_id:
                told.append("in doubt")
            case _:
                pass
    return ", then ".join(told) or "none yet"


def _figure(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"
