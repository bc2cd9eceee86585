"""The printed report on one merchant's money: agreed terms, balances at each step, the payout, the disputes."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from domain.money.money import Money
from interfaces.demo.book_checkers import Checked
from interfaces.demo.conversion import SETTLED_IN
from interfaces.demo.money import MoneyMoved
from interfaces.demo.seller import BUCKETS


def print_agreed(console: Console, money: MoneyMoved) -> None:
    table = Table("kind", "version", "as an operator wrote it", title=f"Agreed with a merchant, at rates {money.rates}")
    for agreed in money.agreed:
        table.add_row(agreed.kind.value, agreed.version, " ".join(agreed.document.split()))
    console.print(table)


def print_steps(console: Console, money: MoneyMoved) -> None:
    """The balances at each step; a currency without money is left out."""
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
    table.add_row(payout.payout_id, amount, _event_list(payout.event_names), _yes(payout.holds))
    console.print(table)


def print_disputes(console: Console, money: MoneyMoved) -> None:
    table = Table("dispute", "amount", "frozen", "its events", "ended well", title="Disputed by customers' banks")
    for dispute in (money.won, money.lost):
        amount = Money(dispute.amount_minor, dispute.currency)
        frozen = Money(dispute.frozen.held - dispute.before.held, SETTLED_IN)
        events = _event_list(dispute.event_names)
        table.add_row(dispute.dispute_id, str(amount), str(frozen), events, _yes(dispute.holds))
    console.print(table)


def print_programs(console: Console, programs: Sequence[Checked]) -> None:
    """A line for each program that checked the books."""
    for each in programs:
        console.print(f"{each.program} {'accepts' if each.accepted else 'REFUSES'} the books as exported for it.")


def _event_list(event_names: Sequence[str]) -> str:
    return " → ".join(event.partition(".")[2] for event in event_names)


def _yes(holds: bool) -> str:
    return "yes" if holds else "NO"
