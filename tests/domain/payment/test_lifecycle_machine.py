"""One payment through any sequence of commands, outcomes and passing time: the rules hold after every step.

Outcomes come late, twice, for operations long settled, and unknown as often as they like.
"""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.fees import FlatFee
from domain.identifiers import CustomerId, DisputeId, OperationId
from domain.ledger.entry import imbalance
from domain.money import Money
from domain.payment.capture import RecordCaptureOutcome, record_capture_outcome
from domain.payment.confirm import RecordAttemptOutcome, record_attempt_outcome
from domain.payment.create import CreatePayment
from domain.payment.events import CaptureMethod, OperationOutcomeUnknown
from domain.payment.evolve import fold
from domain.payment.expire import expire
from domain.payment.outcome import Outcome, Unavailable, Unknown
from domain.payment.review import approve_review
from domain.payment.state import (
    Authorized,
    Captured,
    Capturing,
    Created,
    Disputed,
    DisputeResult,
    InFlight,
    InReview,
    PartiallyCaptured,
    Payment,
    Processing,
    Refunding,
    RequiresAction,
    Voiding,
)
from domain.payment.status import Status, status_of
from tests.domain.books import balances_below_their_floor, books_of
from tests.domain.journey import (
    Journey,
    assert_every_prefix_folds_to_the_payment_as_it_was,
    assert_intent_before_effect_and_one_operation_at_a_time,
    assert_no_more_is_taken_than_authorised_nor_given_back_than_taken,
)
from tests.support.domain import (
    ACTION_REQUIRED,
    ACTION_WINDOW,
    APPROVED,
    CARD,
    DISPUTE,
    FEES,
    MERCHANT,
    NOW,
    UNKNOWN,
    WINDOW,
    Decision,
    amounts,
    attempt_next,
    captures,
    confirmed,
    disputes,
    fee_policies,
    held_for_review,
    operation,
    outcomes,
    refund_answered,
    refunds,
    review_rejected,
    ruled,
    void_answered,
    voids,
)

any_part = st.none() | st.integers(1, 12) | st.just(25)
F = TypeVar("F", bound=Callable[..., None])


def at(*stages: type[Payment]) -> Callable[[F], F]:
    """Try the rule where it may succeed; `a_command_comes_out_of_turn` tries it everywhere else."""
    return precondition(lambda self: isinstance(self.journey.payment, stages))


class PaymentLifecycle(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.fresh = count(1)
        self.asked: list[OperationId] = []
        self.disputed: list[DisputeId] = []

    @initialize(
        amount=amounts(min_minor=10, max_minor=10**6),
        method=st.sampled_from([CaptureMethod.MANUAL, CaptureMethod.MANUAL, CaptureMethod.AUTOMATIC]),
        steps_taken=st.integers(0, 4),
    )
    def begin(self, amount: Money, method: CaptureMethod, steps_taken: int) -> None:
        """Start some payments late in their lives, where random commands from the beginning seldom lead."""
        command = CreatePayment(
            merchant_id=MERCHANT, customer_id=CustomerId("cus_1"), amount=amount, method=CARD, capture_method=method
        )
        self.journey = Journey(1, command)
        steps: list[Callable[[], None]] = [
            self.confirm,
            lambda: self.answer(self.asked[-1], APPROVED, FEES),
            lambda: self.capture(4, final=False),
            lambda: self.answer(self.asked[-1], APPROVED, FEES),
        ]
        for step in steps[:steps_taken]:
            step()

    def take(self, decision: Decision) -> bool:
        before, events = self.journey.payment, tuple(self.journey.events)
        taken = self.journey.take(decision)
        if not taken:
            assert tuple(self.journey.events) == events, "a refused command left an event"
            assert self.journey.payment == before == fold(events)
        return taken

    def ask(self, decide: Callable[[OperationId], Decision]) -> None:
        """Take what `decide` makes of a fresh operation id, and remember the id when the operation started."""
        id = operation(next(self.fresh))
        if self.take(decide(id)):
            self.asked.append(id)

    # commands

    @at(Created)
    @rule()
    def hold_for_review(self) -> None:
        self.take(held_for_review())

    @at(InReview)
    @rule()
    def approve_review(self) -> None:
        self.take(approve_review)

    @at(InReview)
    @rule()
    def reject_review(self) -> None:
        self.take(review_rejected())

    @at(Created)
    @rule()
    def confirm(self) -> None:
        self.ask(lambda id: confirmed(id=id, at=self.now))

    @at(Authorized, PartiallyCaptured)
    @rule(tenths=any_part, final=st.booleans())
    def capture(self, tenths: int | None, final: bool) -> None:
        self.ask(lambda id: captures(self.part(tenths), final=final, id=id, at=self.now))

    @at(Authorized, PartiallyCaptured)
    @rule()
    def void(self) -> None:
        self.ask(voids)

    @at(Authorized, PartiallyCaptured)
    @rule()
    def expire(self) -> None:
        self.take(lambda payment: expire(payment, self.now))

    @at(PartiallyCaptured, Captured)
    @rule(tenths=any_part)
    def refund(self, tenths: int | None) -> None:
        self.ask(lambda id: refunds(self.part(tenths), id=id))

    @at(Captured)
    @rule(tenths=st.integers(1, 12))
    def open_dispute(self, tenths: int) -> None:
        dispute_id = DisputeId(f"dp_{next(self.fresh)}")
        if self.take(disputes(self.journey.part(tenths), id=dispute_id)):
            self.disputed.append(dispute_id)

    @at(Disputed)
    @rule(result=st.sampled_from(DisputeResult))
    def close_dispute(self, result: DisputeResult) -> None:
        self.take(ruled(result, id=self.disputed[-1] if self.disputed else DISPUTE))

    @precondition(lambda self: self.disputed)
    @rule(tenths=st.integers(1, 12), result=st.sampled_from(DisputeResult), data=st.data())
    def a_dispute_message_comes_twice(self, tenths: int, result: DisputeResult, data: st.DataObject) -> None:
        opened, events = data.draw(st.sampled_from(self.disputed)), tuple(self.journey.events)
        assert self.take(disputes(self.journey.part(tenths), id=opened))
        if opened != self.disputed[-1]:
            assert self.take(ruled(result, id=opened))
        assert tuple(self.journey.events) == events, "a repeated message was taken for news"

    @rule(data=st.data())
    def a_command_comes_out_of_turn(self, data: st.DataObject) -> None:
        verbs: list[Callable[[], None]] = [
            self.hold_for_review,
            self.approve_review,
            self.confirm,
            self.void,
            self.expire,
            lambda: self.capture(None, final=True),
            lambda: self.refund(None),
            lambda: self.open_dispute(10),
            lambda: self.close_dispute(DisputeResult.LOST),
        ]
        data.draw(st.sampled_from(verbs))()

    @at(Processing, RequiresAction, Authorized, PartiallyCaptured, Capturing, Voiding, Refunding)
    @rule(hours=st.sampled_from([1, 24, 24 * 7]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    # the provider's answers

    @at(Processing, RequiresAction, Capturing, Voiding, Refunding)
    @rule(outcome=outcomes, fees=fee_policies)
    def the_provider_answers(self, outcome: Outcome, fees: FlatFee) -> None:
        self.answer(self.asked[-1], outcome, fees)

    @at(Processing, RequiresAction, Capturing, Voiding, Refunding)
    @rule(fees=fee_policies)
    def the_provider_approves(self, fees: FlatFee) -> None:
        self.answer(self.asked[-1], APPROVED, fees)

    @at(Processing, Capturing, Voiding, Refunding)
    @rule()
    def the_provider_is_not_heard_from(self) -> None:
        self.answer(self.asked[-1], UNKNOWN, FEES)

    @at(Processing)
    @rule()
    def the_customer_has_to_act(self) -> None:
        self.answer(self.asked[-1], ACTION_REQUIRED, FEES)

    @precondition(lambda self: self.asked)
    @rule(outcome=outcomes, fees=fee_policies, data=st.data())
    def an_answer_comes_late_or_twice(self, outcome: Outcome, fees: FlatFee, data: st.DataObject) -> None:
        self.answer(data.draw(st.sampled_from(self.asked)), outcome, fees)

    def answer(self, id: OperationId, outcome: Outcome, fees: FlatFee) -> None:
        """The answer to operation `id`, tried as an answer to each kind of operation: only its own kind can fit."""
        before = self.journey.payment
        is_awaited = id == self.asked[-1] and isinstance(before, InFlight | RequiresAction)
        may_have_arrived = isinstance(before, RequiresAction) or (
            isinstance(before, InFlight) and before.outcome_unknown
        )
        news = len(self.journey.events)
        attempt = RecordAttemptOutcome(
            attempt_id=id,
            outcome=outcome,
            fees=fees,
            window=WINDOW,
            action_window=ACTION_WINDOW,
            next=attempt_next(operation(next(self.fresh))),
        )
        capture = RecordCaptureOutcome(capture_id=id, outcome=outcome, fees=fees)
        self.take(lambda payment: record_attempt_outcome(payment, attempt, self.now))
        self.take(lambda payment: record_capture_outcome(payment, capture))
        self.take(void_answered(outcome, id=id))
        self.take(refund_answered(outcome, id=id))
        if not is_awaited:
            assert self.journey.events[news:] == [], "an answer that nobody waits for was taken for news"
        if isinstance(outcome, Unavailable) and may_have_arrived:
            assert self.journey.events[news:] == [], "what may have arrived was taken for what never did"
        if isinstance(outcome, Unknown):
            learned = {type(event) for event in self.journey.events[news:]}
            assert learned <= {OperationOutcomeUnknown}, "what is unknown was taken for an answer"

    def part(self, tenths: int | None) -> Money | None:
        return None if tenths is None else self.journey.part(tenths)

    # what holds after every step

    @invariant()
    def intent_comes_before_effect_and_one_operation_at_a_time(self) -> None:
        assert_intent_before_effect_and_one_operation_at_a_time(self.journey)

    @invariant()
    def no_more_is_taken_than_authorised_nor_given_back_than_taken(self) -> None:
        assert_no_more_is_taken_than_authorised_nor_given_back_than_taken(self.journey)

    @invariant()
    def folding_twice_gives_the_same_payment(self) -> None:
        assert fold(self.journey.events) == fold(self.journey.events) == self.journey.payment

    @invariant()
    def the_payment_has_a_status(self) -> None:
        assert status_of(self.journey.payment) in Status

    @invariant()
    def the_books_balance(self) -> None:
        assert set(imbalance(posting for entry in self.journey.entries for posting in entry.postings).values()) <= {0}

    @invariant()
    def the_books_say_what_the_payment_says(self) -> None:
        assert self.journey.books == books_of(self.journey.payment)

    @invariant()
    def no_account_is_below_its_floor(self) -> None:
        assert balances_below_their_floor(self.journey.books) == []

    def teardown(self) -> None:
        if hasattr(self, "journey"):
            assert_every_prefix_folds_to_the_payment_as_it_was(self.journey)


TestPaymentLifecycle = PaymentLifecycle.TestCase
TestPaymentLifecycle.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
