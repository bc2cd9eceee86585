"""The table of legal transitions: every verb and every provider's answer against every state there is.

A new state, or a new verb, fails here until it has its row: nothing is legal, or refused, by accident.
"""

from typing import get_args

import pytest

from domain.payment.refusals import IllegalTransition, OperationInProgress
from domain.payment.review import approve_review
from domain.payment.state import (
    Authorized,
    Canceled,
    Captured,
    Capturing,
    Created,
    DisputeResult,
    Expired,
    Failed,
    InFlight,
    InReview,
    PartiallyCaptured,
    Payment,
    Processing,
    Refunding,
    RequiresAction,
    Rerouting,
    Voided,
    Voiding,
)
from domain.payment.status import Status, status_of
from tests.support.domain import (
    APPROVED,
    LAPSED,
    OTHER_DISPUTE,
    STRANGER,
    UNKNOWN,
    Decision,
    History,
    abandons,
    attempt_answered,
    authorized,
    canceled,
    cancels,
    capture_answered,
    captured,
    captures,
    capturing,
    confirmed,
    created,
    disputes,
    eur,
    expired,
    expires,
    failed,
    given,
    held_for_review,
    in_review,
    partially_captured,
    payment_of,
    processing,
    refund_answered,
    refunded,
    refunding,
    refunds,
    requires_action,
    rerouting,
    review_rejected,
    ruled,
    then_,
    void_answered,
    voided,
    voiding,
    voids,
)

Stage = type[Payment]
STAGES: tuple[Stage, ...] = get_args(Payment)

AT: dict[Stage, History] = {
    Created: created(),
    InReview: in_review(),
    Processing: processing(),
    Rerouting: rerouting(),
    RequiresAction: requires_action(),
    Authorized: authorized(),
    PartiallyCaptured: partially_captured(),
    Captured: captured(),
    Capturing: capturing(),
    Voiding: voiding(),
    Refunding: refunding(),
    Voided: voided(),
    Expired: expired(),
    Failed: failed(),
    Canceled: canceled(),
}
VERBS: dict[str, Decision] = {
    "hold for review": held_for_review(),
    "approve review": approve_review,
    "reject review": review_rejected(),
    "confirm": confirmed(),
    "abandon": abandons(),
    "cancel": cancels(),
    "capture": captures(eur("10.00")),
    "void": voids(),
    "expire": expires(LAPSED),
    "refund": refunds(eur("10.00")),
    "dispute": disputes(eur("10.00"), id=OTHER_DISPUTE),
    "close dispute": ruled(DisputeResult.LOST),
}
LEGAL: dict[Stage, dict[str, Stage]] = {
    Created: {"hold for review": InReview, "confirm": Processing, "cancel": Canceled},
    InReview: {"approve review": Created, "reject review": Failed},
    Processing: {},
    Rerouting: {},
    RequiresAction: {"abandon": Failed, "cancel": Canceled},
    Authorized: {"capture": Capturing, "void": Voiding, "expire": Expired},
    PartiallyCaptured: {
        "capture": Capturing,
        "void": Voiding,
        "expire": Captured,
        "refund": Refunding,
        "dispute": PartiallyCaptured,
    },
    Captured: {"refund": Refunding, "dispute": Captured},
    Capturing: {},
    Voiding: {},
    Refunding: {"dispute": Refunding},
    Voided: {},
    Expired: {},
    Failed: {},
    Canceled: {"cancel": Canceled},
}
ANSWERS: dict[str, Decision] = {
    "attempt": attempt_answered(APPROVED),
    "capture": capture_answered(APPROVED),
    "void": void_answered(APPROVED),
    "refund": refund_answered(APPROVED),
}
AWAITED: dict[Stage, dict[str, Stage]] = {
    Created: {},
    InReview: {},
    Processing: {"attempt": Authorized},
    Rerouting: {},
    RequiresAction: {"attempt": Authorized},
    Authorized: {},
    PartiallyCaptured: {},
    Captured: {},
    Capturing: {"capture": Captured},
    Voiding: {"void": Voided},
    Refunding: {"refund": Captured},
    Voided: {},
    Expired: {},
    Failed: {},
    Canceled: {},
}


def test_every_state_has_a_row_in_every_table() -> None:
    assert set(AT) == set(LEGAL) == set(AWAITED) == set(STAGES)
    assert {stage: type(payment_of(history)) for stage, history in AT.items()} == {stage: stage for stage in STAGES}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_verb_leads_where_the_table_says_or_is_refused_and_leaves_no_event(stage: Stage, verb: str) -> None:
    attempted = given(AT[stage]).when(VERBS[verb])
    if verb in LEGAL[stage]:
        attempted.then_stage(LEGAL[stage][verb])
    else:
        # An operation in flight is no reason not to hear a bank.
        waits = issubclass(stage, InFlight) and verb != "close dispute"
        refusal = OperationInProgress if waits else IllegalTransition
        attempted.then_raises(refusal, verb=verb, status=status_of(payment_of(AT[stage])))


OF_WHICH_SOME_IS_TAKEN: dict[str, History] = {
    "partially captured": partially_captured(),
    "captured": captured(),
    "capturing more": then_(partially_captured(), captures(eur("10.00"), id=STRANGER)),
    "voiding the rest": then_(partially_captured(), voids()),
    "refunding": refunding(),
    "refunding, unknown": then_(refunding(), refund_answered(UNKNOWN)),
    "refunded": refunded(),
}


@pytest.mark.parametrize("history", OF_WHICH_SOME_IS_TAKEN.values(), ids=OF_WHICH_SOME_IS_TAKEN)
def test_a_dispute_opens_and_closes_at_every_stage_and_leaves_it_as_it_is(history: History) -> None:
    stage = type(payment_of(history))
    opened = then_(history, disputes(eur("10.00")))
    assert type(payment_of(opened)) is stage
    assert status_of(payment_of(opened)) is Status.DISPUTED
    for result in DisputeResult:
        given(opened).when(ruled(result)).then_stage(stage)
    given(opened).when(ruled(DisputeResult.LOST), ruled(DisputeResult.WON)).then_stage(stage)


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("stage", STAGES)
def test_an_answer_that_nobody_waits_for_changes_nothing(stage: Stage, answer: str) -> None:
    answered = given(AT[stage]).when(ANSWERS[answer])
    if answer in AWAITED[stage]:
        answered.then_stage(AWAITED[stage][answer])
    else:
        answered.then_nothing()
