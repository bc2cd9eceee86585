"""What a merchant, time and the bank can do about a dispute, and what none of them can."""

from datetime import timedelta

import pytest

from domain.card_data import CardDataRefused
from domain.dispute.accept import accepted_elsewhere, record_acceptance_outcome
from domain.dispute.add_evidence import remove_evidence
from domain.dispute.escalate import escalate
from domain.dispute.events import (
    AcceptanceAnswered,
    CaseAccepted,
    CaseExpired,
    CaseLost,
    CaseOpened,
    CaseWon,
    DeadlineMoved,
    DisputeKind,
    EvidenceAdded,
    EvidenceRemoved,
    EvidenceSubmitted,
    SubmissionFailed,
    SubmissionStarted,
)
from domain.dispute.expire import expired_elsewhere
from domain.dispute.open import open_case
from domain.dispute.refusals import (
    DisputeClosed,
    DisputeDeadlinePassed,
    EvidenceEmpty,
    EvidenceMissing,
    EvidenceNotFound,
    EvidenceTooLarge,
    EvidenceTypeRefused,
    InquiryMovedNoMoney,
    NotEscalated,
    RulingContradicts,
    TooMuchEvidence,
)
from domain.dispute.state import Accepted, NeedsResponse, case_id_for, status_of
from domain.dispute.submit import submitted_elsewhere
from domain.errors import DomainError
from domain.identifiers import DisputeId
from domain.payment.method import CardBrand
from domain.payment.outcome import Outcome
from domain.payment.state import DisputeResult
from tests.domain.dispute.cases import (
    ACCEPTANCE,
    HISTORIES,
    LAST_DAY,
    RULE,
    SUBMISSION,
    CaseDecision,
    CaseHistory,
    accepts,
    adds,
    and_,
    answered,
    case_of,
    evidence,
    expires,
    opened,
    opening,
    ruled,
    submits,
    submitting,
    under_review,
)
from tests.support.domain import ACQUIRER, APPROVED, FORTY, NOW, REJECTED, SECOND, UNAVAILABLE, UNKNOWN


def raises(history: CaseHistory, decide: CaseDecision, kind: type[DomainError]) -> DomainError:
    with pytest.raises(kind) as caught:
        decide(case_of(history))
    return caught.value


# deadlines


@pytest.mark.parametrize(
    ("network", "days"),
    [(CardBrand.VISA, 30), (CardBrand.MASTERCARD, 45), (CardBrand.AMEX, 20), (CardBrand.JCB, 20), (None, 20)],
)
def test_the_time_to_answer_is_that_of_the_network(network: CardBrand | None, days: int) -> None:
    assert case_of(opened(network=network)).case.respond_by == NOW + timedelta(days=days)


def test_a_provider_may_want_the_answer_earlier_and_never_later() -> None:
    assert case_of(opened(due=NOW + timedelta(days=7))).case.respond_by == NOW + timedelta(days=7)
    assert case_of(opened(due=NOW + timedelta(days=90))).case.respond_by == LAST_DAY


def test_the_limits_of_its_evidence_stay_those_of_its_beginning() -> None:
    [event] = opened()
    assert isinstance(event, CaseOpened)
    assert (event.dispute_rule, event.evidence_limits) == (RULE.version, RULE.evidence)


def test_a_dispute_is_opened_once() -> None:
    for history in HISTORIES.values():
        assert open_case(case_of(history), opening(), RULE, NOW) == ()


def test_disputes_are_told_apart_by_provider_and_its_name() -> None:
    one = DisputeId("dp_1")
    assert case_id_for(ACQUIRER, one) == case_id_for(ACQUIRER, one)
    assert len({case_id_for(ACQUIRER, one), case_id_for(SECOND, one), case_id_for(ACQUIRER, DisputeId("dp_2"))}) == 3


# inquiries


def test_an_inquiry_becomes_a_chargeback_with_time_of_its_own() -> None:
    later = NOW + timedelta(days=10)
    inquiry = and_(opened(DisputeKind.INQUIRY), adds(evidence()))
    escalated = case_of(inquiry + escalate(case_of(inquiry), FORTY, None, RULE, later))
    assert isinstance(escalated, NeedsResponse)
    assert (escalated.case.kind, escalated.case.amount) == (DisputeKind.CHARGEBACK, FORTY)
    assert escalated.case.respond_by == later + timedelta(days=30)
    assert [each.name for each in escalated.case.evidence] == ["receipt.pdf"]


def test_an_inquiry_that_was_closed_or_expired_can_still_become_a_chargeback() -> None:
    inquiry = opened(DisputeKind.INQUIRY)
    for ended in (and_(inquiry, ruled(DisputeResult.WON)), and_(inquiry, expires())):
        assert escalate(case_of(ended), FORTY, None, RULE, LAST_DAY)


def test_a_chargeback_is_not_escalated_again_but_its_deadline_may_come_nearer() -> None:
    chargeback, sooner = case_of(opened()), NOW + timedelta(days=3)
    assert escalate(chargeback, FORTY, None, RULE, NOW) == ()
    assert escalate(chargeback, FORTY, LAST_DAY + timedelta(days=1), RULE, NOW) == ()
    assert escalate(chargeback, FORTY, sooner, RULE, NOW) == (DeadlineMoved(respond_by=sooner),)


def test_an_inquiry_has_nothing_to_accept_and_cannot_be_lost() -> None:
    inquiry = opened(DisputeKind.INQUIRY)
    raises(inquiry, accepts(), InquiryMovedNoMoney)
    raises(inquiry, ruled(DisputeResult.LOST), NotEscalated)


# evidence


def test_evidence_is_added_replaced_under_its_name_and_taken_back() -> None:
    first, second = evidence(number=1), evidence(content=b"%PDF-2", number=2)
    history = and_(opened(), adds(first))
    assert isinstance(history[-1], EvidenceAdded)
    assert adds(first)(case_of(history)) == ()
    removed, added = adds(second)(case_of(history))
    assert removed == EvidenceRemoved(evidence_id=first.evidence_id)
    assert isinstance(added, EvidenceAdded)
    assert remove_evidence(case_of(history), "receipt.pdf", NOW) == (removed,)


def test_evidence_that_is_not_there_cannot_be_taken_back() -> None:
    with pytest.raises(EvidenceNotFound):
        remove_evidence(case_of(opened()), "receipt.pdf", NOW)


def test_evidence_over_a_limit_is_refused() -> None:
    limits = RULE.evidence
    adds(evidence(size=limits.file_bytes_max))(case_of(opened()))
    raises(opened(), adds(evidence(size=limits.file_bytes_max + 1)), EvidenceTooLarge)
    raises(opened(), adds(evidence(size=0)), EvidenceEmpty)
    raises(opened(), adds(evidence(media_type="image/gif")), EvidenceTypeRefused)
    raises(opened(), adds(evidence("4242 4242 4242 4242.pdf")), CardDataRefused)
    full = opened()
    for number in range(limits.files_max):
        full = and_(full, adds(evidence(f"{number}.pdf", number=number)))
    raises(full, adds(evidence("one more.pdf", number=99)), TooMuchEvidence)
    assert adds(evidence("3.pdf", content=b"better", number=99))(case_of(full)), "one can be replaced all the same"


def test_who_is_late_adds_and_submits_nothing() -> None:
    history = and_(opened(), adds(evidence()))
    for late in (adds(evidence("other.pdf"), at=LAST_DAY), submits(at=LAST_DAY), accepts(at=LAST_DAY)):
        raises(history, late, DisputeDeadlinePassed)
    assert submits(at=LAST_DAY - timedelta(microseconds=1))(case_of(history))


@pytest.mark.parametrize("status", HISTORIES.keys() - {"needs_response"})
def test_evidence_is_added_only_while_an_answer_is_wanted(status: str) -> None:
    error = raises(HISTORIES[status], adds(evidence("new.pdf")), DisputeClosed)
    assert isinstance(error, DisputeClosed)
    assert error.status == status


# the second presentment


def test_nothing_is_handed_in_where_there_is_nothing() -> None:
    raises(opened(), submits(), EvidenceMissing)


def test_the_evidence_is_handed_in_once() -> None:
    started = submitting()[-1]
    assert isinstance(started, SubmissionStarted)
    assert len(started.evidence) == 1
    assert submits()(case_of(submitting())) == ()
    assert submits()(case_of(under_review())) == ()
    assert isinstance(under_review()[-1], EvidenceSubmitted)


@pytest.mark.parametrize("outcome", [UNKNOWN, UNAVAILABLE])
def test_what_may_not_have_arrived_stays_on_its_way(outcome: Outcome) -> None:
    assert answered(outcome)(case_of(submitting())) == ()


def test_a_submission_that_the_provider_refuses_can_be_made_again() -> None:
    failed = and_(submitting(), answered(REJECTED))
    assert isinstance(failed[-1], SubmissionFailed)
    dispute = case_of(failed)
    assert isinstance(dispute, NeedsResponse)
    assert dispute.failure == "No such token."
    assert submits()(dispute)


def test_an_answer_to_a_submission_that_is_over_changes_nothing() -> None:
    for name, history in HISTORIES.items():
        if name != "submitting":
            assert answered(APPROVED)(case_of(history)) == ()


def test_what_was_handed_in_at_the_provider_counts() -> None:
    assert submitted_elsewhere(case_of(opened())) == (EvidenceSubmitted(submission_id=None, reference=None),)
    assert submitted_elsewhere(case_of(submitting())) == (EvidenceSubmitted(submission_id=SUBMISSION, reference=None),)
    assert submitted_elsewhere(case_of(under_review())) == ()


# ends


@pytest.mark.parametrize("status", HISTORIES.keys() - {"needs_response", "accepted"})
def test_only_what_waits_for_an_answer_can_be_accepted(status: str) -> None:
    raises(HISTORIES[status], accepts(), DisputeClosed)


def test_the_provider_is_told_once_that_the_merchant_gives_in() -> None:
    accepted = case_of(HISTORIES["accepted"])
    assert accepts()(accepted) == ()
    assert record_acceptance_outcome(accepted, ACCEPTANCE, UNKNOWN) == ()
    told = record_acceptance_outcome(accepted, ACCEPTANCE, REJECTED)
    assert told == (AcceptanceAnswered(acceptance_id=ACCEPTANCE, refusal="unknown_token: No such token."),)
    after = case_of(HISTORIES["accepted"] + told)
    assert isinstance(after, Accepted)
    assert after.untold is None
    assert record_acceptance_outcome(after, ACCEPTANCE, APPROVED) == ()


def test_what_nobody_answers_expires_and_what_was_answered_does_not() -> None:
    assert expires(LAST_DAY - timedelta(seconds=1))(case_of(opened())) == ()
    assert expires()(case_of(opened())) == (CaseExpired(),)
    for history in (submitting(), under_review(), HISTORIES["expired"], HISTORIES["won"]):
        assert expires()(case_of(history)) == ()


def test_a_provider_may_say_that_it_expired_or_was_accepted_there() -> None:
    assert expired_elsewhere(case_of(opened())) == (CaseExpired(),)
    assert accepted_elsewhere(case_of(submitting())) == (CaseAccepted(acceptance_id=None),)
    for history in (under_review(), HISTORIES["won"], HISTORIES["lost"]):
        assert expired_elsewhere(case_of(history)) == ()
        assert accepted_elsewhere(case_of(history)) == ()


@pytest.mark.parametrize("status", HISTORIES)
def test_a_dispute_is_won_whatever_it_was_before(status: str) -> None:
    expected = () if status == "won" else (CaseWon(),)
    assert ruled(DisputeResult.WON)(case_of(HISTORIES[status])) == expected


@pytest.mark.parametrize("status", ["needs_response", "submitting", "under_review"])
def test_an_open_dispute_is_lost(status: str) -> None:
    assert ruled(DisputeResult.LOST)(case_of(HISTORIES[status])) == (CaseLost(),)


@pytest.mark.parametrize("status", ["accepted", "expired", "lost"])
def test_what_is_lost_already_is_not_lost_again(status: str) -> None:
    assert ruled(DisputeResult.LOST)(case_of(HISTORIES[status])) == ()


def test_what_was_won_is_never_lost() -> None:
    raises(HISTORIES["won"], ruled(DisputeResult.LOST), RulingContradicts)


@pytest.mark.parametrize("status", HISTORIES)
def test_the_status_says_where_it_is(status: str) -> None:
    assert status_of(case_of(HISTORIES[status])) == status
