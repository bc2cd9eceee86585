"""A bank may change the disputed amount, up or down, until the dispute is decided."""

from domain.dispute.events import CaseAmended, DisputeCaseEvent
from domain.dispute.refusals import closed
from domain.dispute.state import Answerable, DisputeCase
from domain.money.money import AmountOutOfRange, CurrencyMismatch, Money


def amend(dispute: DisputeCase, amount: Money) -> tuple[DisputeCaseEvent, ...]:
    """Change the disputed amount to `amount`; no event when that is the amount. Raises AmountOutOfRange,
    CurrencyMismatch, DisputeClosed."""
    before = dispute.case.amount
    if amount.currency != before.currency:
        raise CurrencyMismatch(expected=before.currency, actual=amount.currency)
    if amount.minor <= 0:
        raise AmountOutOfRange(amount_minor=amount.minor)
    if amount == before:
        return ()
    if not isinstance(dispute, Answerable):
        raise closed(dispute, "amend")
    return (CaseAmended(amount=amount),)
