"""An inquiry becomes a chargeback, even one that was closed; and a deadline only ever comes nearer."""

from datetime import datetime

from domain.dispute.events import CaseEscalated, DeadlineMoved, DisputeCaseEvent, DisputeKind
from domain.dispute.open import deadline
from domain.dispute.state import DisputeCase, NeedsResponse
from domain.money.money import Money
from domain.terms.disputes import DisputeRule


def escalate(
    dispute: DisputeCase, amount: Money, due: datetime | None, rule: DisputeRule, now: datetime
) -> tuple[DisputeCaseEvent, ...]:
    """What a notice that it is a chargeback makes of the dispute: nothing when it is one already, save that the
    provider may want the answer earlier."""
    if dispute.case.kind is DisputeKind.CHARGEBACK:
        return advance_deadline(dispute, due)
    respond_by = deadline(rule, dispute.case.network, due, now)
    return (CaseEscalated(amount=amount, respond_by=respond_by, dispute_rule=rule.version),)


def advance_deadline(dispute: DisputeCase, due: datetime | None) -> tuple[DisputeCaseEvent, ...]:
    """The answer is wanted by `due`, where that is earlier than was known and there is still one to give."""
    if due is None or not isinstance(dispute, NeedsResponse) or due >= dispute.case.respond_by:
        return ()
    return (DeadlineMoved(respond_by=due),)
