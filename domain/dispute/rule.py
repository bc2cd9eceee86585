"""The bank's ruling ends a dispute: a lost one may still be won, a won one is never lost."""

from typing import assert_never

from domain.dispute.events import CaseLost, CasePartlyWon, CaseWon, DisputeCaseEvent, DisputeKind
from domain.dispute.refusals import NotEscalated, RulingContradicts
from domain.dispute.state import (
    Accepted,
    DisputeCase,
    DisputeStatus,
    Expired,
    Lost,
    NeedsResponse,
    PartlyWon,
    Submitting,
    UnderReview,
    Won,
    status_of,
)
from domain.money.money import AmountOutOfRange, CurrencyMismatch, Money
from domain.payment.state import DisputeResult


def rule(dispute: DisputeCase, result: DisputeResult) -> tuple[DisputeCaseEvent, ...]:
    """Record the ruling; no event when it is on record, or the dispute is lost already because it was accepted or
    expired.

    Raises RulingContradicts, NotEscalated.
    """
    match result:
        case DisputeResult.WON:
            return () if isinstance(dispute, Won) else (CaseWon(),)
        case DisputeResult.LOST:
            return _lost(dispute)
        case _:
            assert_never(result)


def rule_in_part(dispute: DisputeCase, lost: Money) -> tuple[DisputeCaseEvent, ...]:
    """Record that `lost` is the customer's and the rest the merchant's: also of a lost dispute, and never more than an
    earlier ruling in part.

    Raises RulingContradicts, NotEscalated, AmountOutOfRange, CurrencyMismatch.
    """
    if dispute.case.kind is DisputeKind.INQUIRY:
        raise NotEscalated()
    disputed = dispute.lost if isinstance(dispute, PartlyWon) else dispute.case.amount
    if lost.currency != disputed.currency:
        raise CurrencyMismatch(expected=disputed.currency, actual=lost.currency)
    if isinstance(dispute, PartlyWon) and lost == disputed:
        return ()
    if isinstance(dispute, Won) or (isinstance(dispute, PartlyWon) and lost > disputed):
        raise RulingContradicts(status=status_of(dispute), result=DisputeStatus.PARTIALLY_WON)
    if not 0 < lost.minor < disputed.minor:
        raise AmountOutOfRange(amount_minor=lost.minor)
    return (CasePartlyWon(lost=lost),)


def _lost(dispute: DisputeCase) -> tuple[DisputeCaseEvent, ...]:
    if dispute.case.kind is DisputeKind.INQUIRY:
        raise NotEscalated()
    match dispute:
        case NeedsResponse() | Submitting() | UnderReview():
            return (CaseLost(),)
        case Accepted() | Expired() | Lost():
            return ()
        case Won() | PartlyWon():
            raise RulingContradicts(status=status_of(dispute), result=DisputeStatus.LOST)
        case _:
            assert_never(dispute)
