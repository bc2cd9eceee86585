"""The bank disputes another amount than before: less, or more; of a dispute that is decided it is a contradiction."""

from domain.dispute.events import CaseAmended, DisputeCaseEvent
from domain.dispute.refusals import closed
from domain.dispute.state import Answerable, DisputeCase
from domain.money.money import AmountOutOfRange, CurrencyMismatch, Money


def amend(dispute: DisputeCase, amount: Money) -> tuple[DisputeCaseEvent, ...]:
    """Nothing when that is what is disputed. Raises AmountOutOfRange, CurrencyMismatch, DisputeClosed."""
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
