"""The printed report on the orders: statuses, balances, refusals, a timeline, incidents, and figures."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from domain.money.money import Money
from interfaces.demo.checks import Verdict
from interfaces.demo.incidents import Incident
from projections.payment.status import PAYMENT_STATUS

REFUSALS_SHOWN_MAX = 20
BALANCES = ("authorized", "pending", "available", "held", "in_transit", "owed")


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Measurements taken while the orders were sent."""

    payments: int
    duplicates_sent: int
    duplicates_differing: int
    seconds: float
    confirm_ms: list[float]
    refusals: Sequence[str] = ()
    """One sentence for each order, or step of an order, that the API refused."""

    def percentile(self, percent: float) -> float:
        """The nearest-rank percentile of the confirmation times, in milliseconds."""
        ordered = sorted(self.confirm_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0


def print_statuses(console: Console, verdict: Verdict) -> None:
    counted = Counter(str(row.status) for row in verdict.replay.rows[PAYMENT_STATUS.name].values())
    table = Table("status", "payments", title="Payments by status")
    for status, count in counted.most_common():
        table.add_row(status, f"{count:,}")
    console.print(table)


def print_balances(console: Console, balances: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Each merchant's balances, as the API shows them."""
    table = Table("merchant", *BALANCES, title="Balances")
    for column in table.columns[1:]:
        column.justify = "right"
    for merchant, rows in balances.items():
        for row in rows:
            shown = [str(Money(row[name], row["currency"])) for name in BALANCES]
            table.add_row(merchant, *shown)
    console.print(table)


def print_trial_balance(console: Console, verdict: Verdict) -> None:
    table = Table("currency", "debits less credits", title="Trial balance")
    for currency, surplus in sorted(verdict.replay.trial_balance.items()):
        table.add_row(currency, str(Money(surplus, currency)))
    console.print(table)


def print_refusals(console: Console, figures: Figures) -> None:
    """The refused orders, up to REFUSALS_SHOWN_MAX."""
    if not figures.refusals:
        return
    console.print(f"{len(figures.refusals)} orders were refused, in whole or at a step:", markup=False)
    for refusal in figures.refusals[:REFUSALS_SHOWN_MAX]:
        console.print(f"  {refusal}", markup=False)
    if len(figures.refusals) > REFUSALS_SHOWN_MAX:
        console.print(f"  and {len(figures.refusals) - REFUSALS_SHOWN_MAX} more", markup=False)


def print_timeline(console: Console, payment_id: str, timeline: Sequence[Mapping[str, Any]]) -> None:
    """One payment's audit timeline, as the API shows it."""
    table = Table("position", "at", "event", "who", "because of", title=f"Audit timeline of {payment_id}")
    for row in timeline:
        at = str(row["recorded_at"])[11:23]
        table.add_row(str(row["position"]), at, row["event"], row["actor"], _because_of(row["causation_id"]))
    console.print(table)


def _because_of(causation_id: str | None) -> str:
    match (causation_id or "").split(":"):
        case [""]:
            return "the request"
        case ["operation", _]:
            return "recovery of an unknown outcome"
        case [_, version]:
            return f"the payment's event {version}"
        case _:
            return str(causation_id)


def print_incidents(console: Console, incidents: Sequence[Incident]) -> None:
    """Each incident's events, and whether it ended well."""
    table = Table("incident", "payment", "its events", "ended well", title="Incidents at the preferred provider")
    for incident in incidents:
        event_names = " → ".join(event.removeprefix("payment.") for event in incident.event_names)
        table.add_row(
            incident.name.replace("_", " "), incident.payment_id, event_names, "yes" if incident.holds else "NO"
        )
    console.print(table)


def print_figures(console: Console, figures: Figures) -> None:
    console.print(
        f"{figures.payments} payments in {figures.seconds:.1f} s, {figures.payments / figures.seconds:.0f} a second. "
        f"Create and confirm took {figures.percentile(50):.0f} ms at the median, {figures.percentile(95):.0f} ms at "
        f"the 95th percentile, {figures.percentile(99):.0f} ms at the 99th."
    )
