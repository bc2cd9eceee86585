"""What the demonstration prints of one merchant's money: what was agreed, what it had at each step, and what became
of its payout and disputes."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from domain.money.money import Money
from interfaces.demo.money import MoneyMoved
from interfaces.demo.outside import Checked
from interfaces.demo.seller import BUCKETS
from interfaces.demo.taking import SETTLED_IN


def print_agreed(console: Console, money: MoneyMoved) -> None:
    table = Table("kind", "version", "as an operator wrote it", title=f"Agreed with a merchant, at rates {money.rates}")
    for agreed in money.agreed:
        table.add_row(agreed.kind.value, agreed.version, " ".join(agreed.document.split()))
    console.print(table)


def print_steps(console: Console, money: MoneyMoved) -> None:
    """In each currency in which there is something."""
    table = Table("once", *BUCKETS, title="What that merchant has: dollars taken, euros settled")
    for column in table.columns[1:]:
        column.justify = "right"
    for step in money.steps:
        name = step.name
        for balance in step.balances:
            amounts = [Money(getattr(balance, bucket), balance.currency) for bucket in BUCKETS]
            if not any(amount.minor for amount in amounts):
                continue
            table.add_row(name, *map(str, amounts))
            name = ""
    console.print(table)


def print_payout(console: Console, money: MoneyMoved) -> None:
    payout = money.payout
    table = Table("payout", "amount", "its events", "ended well", title="Paid out to a bank account")
    table.add_row("refused", "", payout.refusal, "")
    amount = str(Money(payout.amount_minor, SETTLED_IN))
    table.add_row(payout.payout_id, amount, _told(payout.course), _yes(payout.holds))
    console.print(table)


def print_disputes(console: Console, money: MoneyMoved) -> None:
    table = Table("dispute", "amount", "frozen", "its events", "ended well", title="Disputed by customers' banks")
    for dispute in (money.won, money.lost):
        amount = Money(dispute.amount_minor, dispute.currency)
        frozen = Money(dispute.frozen.held - dispute.before.held, SETTLED_IN)
        told = _told(dispute.course)
        table.add_row(dispute.dispute_id, str(amount), str(frozen), told, _yes(dispute.holds))
    console.print(table)


def print_programs(console: Console, programs: Sequence[Checked]) -> None:
    """Nothing where none is installed."""
    for each in programs:
        console.print(f"{each.program} {'accepts' if each.accepted else 'REFUSES'} the books as exported for it.")


def _told(course: Sequence[str]) -> str:
    return " → ".join(event.partition(".")[2] for event in course)


def _yes(holds: bool) -> str:
    return "yes" if holds else "NO"
