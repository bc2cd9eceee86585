"""The events of a chargeback move the money of its payment; an inquiry moves none."""

from domain.dispute.events import (
    CaseAccepted,
    CaseAmended,
    CaseEscalated,
    CaseExpired,
    CaseLost,
    CaseOpened,
    CasePartlyWon,
    CaseWon,
    ClaimBooked,
    DisputeCaseEvent,
    DisputeKind,
)
from domain.dispute.state import Answerable, Booked, Case, DisputeCase
from domain.payment.dispute import AmendDispute, CloseDispute, DisputeCommand, OpenDispute, ReverseInPart
from domain.payment.proceeds import Claim
from domain.payment.state import DisputeResult


def money_of(before: DisputeCase | None, event: DisputeCaseEvent) -> tuple[DisputeCommand, ...]:
    """The commands on the payment that go with `event`, which follows `before`; none where no money moves."""
    if isinstance(event, CaseOpened):
        opened = OpenDispute(dispute_id=event.dispute_id, amount=event.amount, reason=event.reason)
        return (opened,) if event.kind is DisputeKind.CHARGEBACK else ()
    assert before is not None, "a dispute begins with its opening"
    case = before.case
    if isinstance(event, CaseEscalated):
        return (OpenDispute(dispute_id=case.dispute_id, amount=event.amount, reason=case.reason),)
    if case.kind is DisputeKind.INQUIRY:
        return ()
    lost = CloseDispute(dispute_id=case.dispute_id, result=DisputeResult.LOST)
    match event:
        case CaseAmended(amount=amount):
            return (AmendDispute(dispute_id=case.dispute_id, amount=amount),)
        case CaseAccepted() | CaseExpired() | CaseLost():
            # The whole amount: less was frozen in disputes from before claims were booked whole.
            return (AmendDispute(dispute_id=case.dispute_id, amount=case.amount), lost)
        case CasePartlyWon(lost=amount) if isinstance(before, Answerable):
            return (AmendDispute(dispute_id=case.dispute_id, amount=amount), lost)
        case CasePartlyWon(lost=amount):
            return (ReverseInPart(dispute_id=case.dispute_id, lost=amount),)
        case CaseWon():
            return (CloseDispute(dispute_id=case.dispute_id, result=DisputeResult.WON),)
        case _:
            return ()


def booked(case: Case, claim: Claim) -> tuple[DisputeCaseEvent, ...]:
    """The event that tells how the payment carries the claim; none where the dispute has that on record, or the
    money-back budget carries the whole claim."""
    excess = claim.excess
    found = Booked(
        frozen=claim.amount,
        excess=None if excess is None else excess.amount,
        borne_by=None if excess is None else excess.borne_by,
    )
    if found == case.booked or (case.booked is None and claim.amount == claim.disputed):
        return ()
    return (ClaimBooked(frozen=found.frozen, excess=found.excess, borne_by=found.borne_by),)
