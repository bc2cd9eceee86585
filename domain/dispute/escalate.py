"""An inquiry, even a closed one, may become a chargeback; a deadline only ever moves earlier."""

from datetime import datetime

from domain.dispute.events import CaseEscalated, DeadlineMoved, DisputeCaseEvent, DisputeKind
from domain.dispute.open import deadline
from domain.dispute.state import DisputeCase, NeedsResponse
from domain.money.money import Money
from domain.terms.disputes import DisputeRule


def escalate(
    dispute: DisputeCase, amount: Money, due: datetime | None, rule: DisputeRule, now: datetime
) -> tuple[DisputeCaseEvent, ...]:
    """Turn the inquiry into a chargeback of `amount`. A chargeback stays as it is, but for an earlier deadline."""
    if dispute.case.kind is DisputeKind.CHARGEBACK:
        return advance_deadline(dispute, due)
    respond_by = deadline(rule, dispute.case.network, due, now)
    return (CaseEscalated(amount=amount, respond_by=respond_by, dispute_rule=rule.version),)


def advance_deadline(dispute: DisputeCase, due: datetime | None) -> tuple[DisputeCaseEvent, ...]:
    """Move the deadline to `due`; no event when that is not earlier, or the dispute cannot be answered any more."""
    if due is None or not isinstance(dispute, NeedsResponse) or due >= dispute.case.respond_by:
        return ()
    return (DeadlineMoved(respond_by=due),)
