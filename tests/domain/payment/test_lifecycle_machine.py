"""One payment through any commands, outcomes, notices, disputes and passing time: the rules hold after every step.

Outcomes come late, twice, for operations long settled, and unknown as often as they like; policies and circuits change
meanwhile; and providers notify of whatever they please, in any order, by any name, and against their own word.
"""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.identifiers import CustomerId, DisputeId, OperationId
from domain.ledger.entry import imbalance
from domain.money.money import Money
from domain.payment.adopt import AdoptOperation, adopt
from domain.payment.capture import RecordCaptureOutcome, record_capture_outcome
from domain.payment.confirm import RecordAttemptOutcome, record_attempt_outcome
from domain.payment.create import CreatePayment
from domain.payment.debit import DebitSource
from domain.payment.events import (
    CaptureMethod,
    CaptureStarted,
    OperationKind,
    OperationOutcomeUnknown,
    PaymentAttemptStarted,
    RefundStarted,
    VoidStarted,
)
from domain.payment.evolve import fold
from domain.payment.expire import expire
from domain.payment.notice import Notice, read_notice
from domain.payment.outcome import ActionRequired, Declined, Outcome, Refusal, Unavailable, Unknown
from domain.payment.progress import Operation, operations_of
from domain.payment.reading import (
    Adopts,
    AsksForLookup,
    ChangesNothing,
    Contradicts,
    NotYetApplicable,
    Reverses,
    Settles,
)
from domain.payment.reverse_refund import ReverseRefund, reverse_refund
from domain.payment.review import approve_review
from domain.payment.state import (
    Authorized,
    Canceled,
    Captured,
    Capturing,
    Created,
    Dispute,
    DisputeResult,
    Expired,
    InFlight,
    InReview,
    PartiallyCaptured,
    Payment,
    Processing,
    Refunding,
    RequiresAction,
    Voided,
    Voiding,
    captured_funds_of,
)
from domain.payment.status import Status, status_of
from domain.routing.route import Figures, Situation
from domain.terms.pricing_context import PricingContext
from tests.domain.attempts import (
    assert_each_attempt_is_where_its_route_chose_and_no_provider_is_asked_twice,
    assert_each_contradiction_is_reported_once_and_changes_nothing,
    assert_one_attempt_succeeds_at_most_and_each_follows_only_what_took_nothing,
    assert_what_is_unknown_blocks_everything,
)
from tests.domain.books import KeptBalances, as_payments_tell, balances_below_their_floor, books_of
from tests.domain.journey import (
    Journey,
    assert_every_prefix_folds_to_the_payment_as_it_was,
    assert_intent_before_effect_and_one_operation_at_a_time,
    assert_no_more_is_taken_than_authorised_nor_given_back_than_taken,
    from_where_it_holds,
)
from tests.domain.payment.situations import PROVIDERS, situations
from tests.support.domain import (
    ACTION_REQUIRED,
    ACTION_WINDOW,
    APPROVED,
    BASIS,
    CARD,
    DECLINED,
    DISPUTE,
    MERCHANT,
    NOW,
    RECOVERY,
    REJECTED,
    TRY_AGAIN,
    UNAVAILABLE,
    UNKNOWN,
    WINDOW,
    Decision,
    abandons,
    amounts,
    attempt_next,
    cancels,
    captures,
    confirmed,
    disputes,
    doubted,
    held_for_review,
    operation,
    outcomes,
    pricing_contexts,
    refund_answered,
    refunds,
    review_rejected,
    ruled,
    situation,
    void_answered,
    voids,
)

NOBODY = 10**6
"""The number of an operation that nobody asked for."""
IN_FLIGHT: tuple[type[Payment], ...] = (Processing, Capturing, Voiding, Refunding)
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
        self.situation = situation(*PROVIDERS)
        self.asked_at = NOW
        self.asked: list[OperationId] = []
        self.kept = KeptBalances()
        self.disputed: list[DisputeId] = []

    @initialize(
        amount=amounts(min_minor=10, max_minor=10**6),
        method=st.sampled_from([CaptureMethod.MANUAL, CaptureMethod.MANUAL, CaptureMethod.AUTOMATIC]),
        situation=situations,
        refused_first=st.booleans(),
        steps_taken=st.integers(0, 4),
    )
    def begin(
        self, amount: Money, method: CaptureMethod, situation: Situation, refused_first: bool, steps_taken: int
    ) -> None:
        """Start some payments late in their lives, where random commands from the beginning seldom lead."""
        command = CreatePayment(
            merchant_id=MERCHANT, customer_id=CustomerId("cus_1"), amount=amount, method=CARD, capture_method=method
        )
        self.journey = Journey(1, command)
        self.situation = situation
        steps: list[Callable[[], None]] = [
            self.confirm,
            lambda: self.answer(self.asked[-1], APPROVED, BASIS),
            lambda: self.capture(4, final=False),
            lambda: self.answer(self.asked[-1], APPROVED, BASIS),
        ]
        if refused_first:
            steps.insert(1, lambda: self.answer(self.asked[-1], TRY_AGAIN, BASIS))
        for step in steps[:steps_taken]:
            step()
            if not self.asked:
                # No provider can take the payment: it has ended.
                break

    def take(self, decision: Decision) -> bool:
        before, events, posted = self.journey.payment, tuple(self.journey.events), len(self.journey.entries)
        taken = self.journey.take(decision)
        self.kept.add(self.journey.entries[posted:])
        if not taken:
            assert tuple(self.journey.events) == events, "a refused command left an event"
            assert self.journey.payment == before == fold(events)
        return taken

    def ask(self, decide: Callable[[OperationId], Decision]) -> None:
        """Take what `decide` makes of a fresh operation id, and remember the id when the operation started."""
        news = len(self.journey.events)
        self.take(decide(operation(next(self.fresh))))
        self.remember_what_started(news)

    def remember_what_started(self, news: int) -> None:
        for event in self.journey.events[news:]:
            match event:
                case (
                    PaymentAttemptStarted(attempt_id=id)
                    | CaptureStarted(capture_id=id)
                    | VoidStarted(void_id=id)
                    | RefundStarted(refund_id=id)
                ):
                    self.asked.append(id)
                    self.asked_at = self.now
                case _:
                    pass

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
        self.ask(lambda id: confirmed(id=id, at=self.now, within=self.situation))

    @at(RequiresAction)
    @rule()
    def abandon(self) -> None:
        before = self.journey.payment
        abandoned = self.take(abandons(self.now))
        if isinstance(before, RequiresAction):
            assert abandoned == (self.now >= before.expires_at)

    @at(Created, RequiresAction)
    @rule()
    def cancel(self) -> None:
        """The provider has canceled the attempt before, where there is one."""
        before = self.journey.payment
        attempt_id = before.attempt.attempt_id if isinstance(before, RequiresAction) else None
        canceled = self.take(cancels(canceled_attempt=attempt_id))
        assert canceled == isinstance(before, Created | RequiresAction | Canceled)

    @at(*IN_FLIGHT)
    @rule()
    def doubt(self) -> None:
        before = self.journey.payment
        assert self.take(doubted(asked_at=self.asked_at, at=self.now))
        if self.now - self.asked_at < timedelta(seconds=RECOVERY.in_doubt_after_s):
            assert self.journey.payment == before, "doubted before its time"

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
        self.ask(
            lambda id: self.from_where_it_holds(
                lambda source: refunds(self.part(tenths), id=id, at=self.now, source=source), owes=False
            )
        )

    @at(PartiallyCaptured, Captured, Capturing, Voiding, Refunding)
    @rule(tenths=st.integers(1, 12))
    def open_dispute(self, tenths: int) -> None:
        """Whatever is in flight meanwhile, which stays so."""
        dispute_id, stage = DisputeId(f"dp_{next(self.fresh)}"), type(self.journey.payment)
        if self.take(self.disputes(tenths, dispute_id)):
            self.disputed.append(dispute_id)
        assert type(self.journey.payment) is stage

    def disputes(self, tenths: int, dispute_id: DisputeId) -> Decision:
        return self.of_amount(self.journey.part(tenths), dispute_id)

    def of_amount(self, amount: Money, dispute_id: DisputeId) -> Decision:
        return self.from_where_it_holds(
            lambda source: disputes(amount, id=dispute_id, at=self.now, source=source), owes=True
        )

    @at(PartiallyCaptured, Captured, Capturing, Voiding, Refunding)
    @rule(result=st.sampled_from(DisputeResult), data=st.data())
    def close_dispute(self, result: DisputeResult, data: st.DataObject) -> None:
        """Any of them, at any time: what was lost may be won yet."""
        dispute_id = data.draw(st.sampled_from([*self.disputed, DISPUTE]))
        stage, before = type(self.journey.payment), self.dispute(dispute_id)
        heard = self.take(ruled(result, id=dispute_id, at=self.now))
        assert heard == (dispute_id in self.disputed)
        assert type(self.journey.payment) is stage
        if before is not None:
            won = DisputeResult.WON in (before.result, result)
            after = self.dispute(dispute_id)
            assert after is not None
            assert after.result is (DisputeResult.WON if won else DisputeResult.LOST)

    def dispute(self, dispute_id: DisputeId) -> Dispute | None:
        taken = captured_funds_of(self.journey.payment)
        return None if taken is None else taken.dispute(dispute_id)

    def from_where_it_holds(self, decide: Callable[[DebitSource], Decision], *, owes: bool) -> Decision:
        return from_where_it_holds(self.journey, decide, self.kept, BASIS, owes=owes)

    @precondition(lambda self: self.disputed)
    @rule(data=st.data())
    def a_dispute_message_comes_twice(self, data: st.DataObject) -> None:
        """The same is a repeat; of another amount it is refused."""
        opened, events = data.draw(st.sampled_from(self.disputed)), tuple(self.journey.events)
        known = self.dispute(opened)
        assert known is not None
        disputed = known.claim.disputed
        assert self.take(self.of_amount(disputed, opened))
        assert not self.take(self.of_amount(disputed + Money(1, disputed.currency), opened))
        if known.result is not None:
            assert self.take(ruled(known.result, id=opened, at=self.now))
        assert tuple(self.journey.events) == events, "a repeated message was taken for news"

    @rule(data=st.data())
    def a_command_comes_out_of_turn(self, data: st.DataObject) -> None:
        verbs: list[Callable[[], None]] = [
            self.hold_for_review,
            self.approve_review,
            self.confirm,
            self.void,
            self.expire,
            self.abandon,
            self.cancel,
            lambda: self.capture(None, final=True),
            lambda: self.refund(None),
            lambda: self.open_dispute(10),
            lambda: self.close_dispute(DisputeResult.LOST, data),
        ]
        data.draw(st.sampled_from(verbs))()

    @at(RequiresAction, Authorized, PartiallyCaptured, Captured, *IN_FLIGHT)
    @rule(passed=st.sampled_from([timedelta(seconds=s) for s in (1, 20, 40)] + [timedelta(hours=1), timedelta(days=7)]))
    def time_passes(self, passed: timedelta) -> None:
        self.now += passed

    @at(Created, Processing)
    @rule(now=situations)
    def policies_and_circuits_change(self, now: Situation) -> None:
        self.situation = now

    # the provider's answers

    @at(RequiresAction, *IN_FLIGHT)
    @rule(outcome=outcomes, pricing=pricing_contexts)
    def the_provider_answers(self, outcome: Outcome, pricing: PricingContext) -> None:
        self.answer(self.asked[-1], outcome, pricing)

    @at(RequiresAction, *IN_FLIGHT)
    @rule(pricing=pricing_contexts)
    def the_provider_approves(self, pricing: PricingContext) -> None:
        self.answer(self.asked[-1], APPROVED, pricing)

    @at(Processing, RequiresAction)
    @rule(refusal=st.sampled_from([TRY_AGAIN, UNAVAILABLE]))
    def the_provider_refuses_for_now(self, refusal: Refusal) -> None:
        self.answer(self.asked[-1], refusal, BASIS)

    @at(*IN_FLIGHT)
    @rule()
    def the_provider_is_not_heard_from(self) -> None:
        self.answer(self.asked[-1], UNKNOWN, BASIS)

    @at(Processing)
    @rule()
    def the_customer_has_to_act(self) -> None:
        self.answer(self.asked[-1], ACTION_REQUIRED, BASIS)

    @precondition(lambda self: self.asked)
    @rule(outcome=outcomes, pricing=pricing_contexts, data=st.data())
    def an_answer_comes_late_or_twice(self, outcome: Outcome, pricing: PricingContext, data: st.DataObject) -> None:
        self.answer(data.draw(st.sampled_from(self.asked)), outcome, pricing)

    # its notices

    @precondition(lambda self: self.asked)
    @rule(outcome=outcomes, about=st.sampled_from(OperationKind), data=st.data())
    def a_provider_notifies_of_anything(self, outcome: Outcome, about: OperationKind, data: st.DataObject) -> None:
        operations = list(operations_of(self.journey.events).values())
        references = {one.reference for one in operations}
        self.hear(
            Notice(
                provider=data.draw(st.sampled_from(PROVIDERS)),
                about=about,
                outcome=outcome,
                operation_id=data.draw(st.none() | st.sampled_from([*self.asked, operation(NOBODY)])),
                reference=data.draw(st.sampled_from(sorted({"ch_9"} | {each for each in references if each}))),
            )
        )

    @precondition(lambda self: self.asked)
    @rule(
        outcome=st.sampled_from([APPROVED, DECLINED, TRY_AGAIN, REJECTED, UNAVAILABLE, UNKNOWN, ACTION_REQUIRED]),
        about=st.none() | st.sampled_from(OperationKind),
        named=st.sampled_from(["operation", "charge", "both"]),
        data=st.data(),
    )
    def a_provider_notifies_of_what_it_was_asked(
        self, outcome: Outcome, about: OperationKind | None, named: str, data: st.DataObject
    ) -> None:
        """Of the last operation as often as of all before it."""
        operations = list(operations_of(self.journey.events).values())
        meant = data.draw(st.sampled_from(operations) | st.just(operations[-1]))
        self.hear(
            Notice(
                provider=meant.provider,
                about=about or meant.kind,
                outcome=outcome,
                operation_id=None if named == "charge" else meant.operation_id,
                reference=None if named == "operation" else meant.reference,
            )
        )

    def hear(self, notice: Notice) -> None:
        """What the notice makes of the payment, and that hearing it again is no news."""
        before, open_ids = self.journey.payment, self.open_ids()
        reading = read_notice(before, self.journey.events, notice)
        assert reading == read_notice(before, self.journey.events, notice)
        match reading:
            case Settles(operation_id=id, outcome=outcome):
                assert {id} == open_ids, "a notice settles what is not open"
                self.answer(id, outcome, BASIS)
                if not isinstance(outcome, ActionRequired):
                    assert id not in self.open_ids()
                again = read_notice(self.journey.payment, self.journey.events, notice)
                assert not isinstance(again, Contradicts), "a notice contradicts itself"
                if isinstance(again, Settles):
                    events = self.journey.events[:]
                    self.answer(again.operation_id, again.outcome, BASIS)
                    assert self.journey.events == events, "a notice was news twice"
            case Adopts(command=adoption):
                recorded = self.adopt(adoption)
                again = read_notice(self.journey.payment, self.journey.events, notice)
                assert isinstance(again, ChangesNothing) == recorded, "it was news twice"
            case Reverses(command=command):
                self.reverse(command)
                again = read_notice(self.journey.payment, self.journey.events, notice)
                assert isinstance(again, ChangesNothing), "it was news twice"
            case Contradicts(events=()):
                pass
            case Contradicts(events=reports):
                assert self.take(lambda _payment: reports)
                again = read_notice(self.journey.payment, self.journey.events, notice)
                assert again == Contradicts((), reading.reason)
                assert self.journey.payment == before, "a contradiction changed the payment"
            case AsksForLookup():
                assert open_ids, "there is nothing to ask for"
            case ChangesNothing(reason=reason) | NotYetApplicable(reason=reason):
                assert reason

    @at(Authorized, PartiallyCaptured, Captured, Voided, Expired, *IN_FLIGHT)
    @rule(
        about=st.sampled_from([OperationKind.CAPTURE, OperationKind.VOID, OperationKind.REFUND]),
        tenths=st.integers(1, 15),
        outcome=st.sampled_from([APPROVED, APPROVED, APPROVED, DECLINED]),
        number=st.integers(1, 4),
    )
    def something_is_done_at_the_provider(
        self, about: OperationKind, tenths: int, outcome: Outcome, number: int
    ) -> None:
        """Without us; or it is told of once more, with the same amount or another."""
        charges = [one for one in operations_of(self.journey.events).values() if one.reference is not None]
        if charges:
            self.hear(
                Notice(
                    provider=charges[0].provider,
                    about=about,
                    outcome=outcome,
                    operation_id=None,
                    reference=charges[0].reference,
                    own_reference=f"own_{number}",
                    amount=self.journey.part(tenths),
                )
            )

    @precondition(lambda self: self.has_refunded())
    @rule(data=st.data())
    def a_refund_fails_later(self, data: st.DataObject) -> None:
        refund = data.draw(st.sampled_from(self.refunds_that_stand()))
        stage, budget = type(self.journey.payment), self.refundable()
        self.hear(
            Notice(
                provider=refund.provider,
                about=OperationKind.REFUND,
                outcome=DECLINED,
                operation_id=refund.operation_id,
                reference=refund.reference,
                own_reference=refund.own_reference,
                amount=refund.amount,
            )
        )
        assert refund.operation_id not in {one.operation_id for one in self.refunds_that_stand()}
        assert type(self.journey.payment) is stage
        assert self.refundable() >= budget

    def refunds_that_stand(self) -> list[Operation]:
        operations = operations_of(self.journey.events).values()
        return [one for one in operations if one.kind is OperationKind.REFUND and one.succeeded]

    def has_refunded(self) -> bool:
        taken = captured_funds_of(self.journey.payment)
        return taken is not None and any(refund.stands for refund in taken.refunds)

    def refundable(self) -> Money:
        taken = captured_funds_of(self.journey.payment)
        assert taken is not None
        return taken.refundable

    def adopt(self, command: AdoptOperation) -> bool:
        """Whatever the merchant has: what was done is done. It waits only for what has to be known before."""

        def decide(source: DebitSource) -> Decision:
            operations = operations_of(self.journey.events)
            return lambda payment: adopt(payment, operations, command, BASIS, self.now, source=source)

        taken = captured_funds_of(self.journey.payment)
        recorded = self.take(self.from_where_it_holds(decide, owes=True))
        assert recorded or (taken is None and command.kind is OperationKind.REFUND)
        return recorded

    def reverse(self, command: ReverseRefund) -> None:
        def decide(*, debt_is_paid: bool) -> Decision:
            return lambda payment: reverse_refund(payment, command, self.now, debt_is_paid=debt_is_paid)

        at_first = decide(debt_is_paid=False)
        paid_up = self.kept.broken_by(self.journey.caused_by(at_first(self.journey.payment))) is not None
        assert self.take(decide(debt_is_paid=paid_up))

    def open_ids(self) -> set[OperationId]:
        payment = self.journey.payment
        return {self.asked[-1]} if isinstance(payment, InFlight | RequiresAction) else set()

    def answer(self, id: OperationId, outcome: Outcome, pricing: PricingContext) -> None:
        """The answer to operation `id`, tried as an answer to each kind of operation: only its own kind can fit."""
        before = self.journey.payment
        is_awaited = id == self.asked[-1] and isinstance(before, InFlight | RequiresAction)
        may_have_arrived = isinstance(before, RequiresAction) or (
            isinstance(before, InFlight) and (before.outcome_unknown or before.in_doubt)
        )
        news = len(self.journey.events)
        attempt = RecordAttemptOutcome(
            attempt_id=id,
            outcome=outcome,
            pricing=pricing,
            window=WINDOW,
            action_window=ACTION_WINDOW,
            next=attempt_next(operation(next(self.fresh)), within=self.situation),
        )
        capture = RecordCaptureOutcome(capture_id=id, outcome=outcome, pricing=pricing)
        self.take(lambda payment: record_attempt_outcome(payment, attempt, self.now))
        self.take(lambda payment: record_capture_outcome(payment, capture, self.now))
        self.take(void_answered(outcome, id=id))
        self.take(refund_answered(outcome, id=id, at=self.now))
        self.remember_what_started(news)
        if not is_awaited:
            assert self.journey.events[news:] == [], "an answer that nobody waits for was taken for news"
        if isinstance(outcome, Unavailable) and may_have_arrived:
            learned = {type(event) for event in self.journey.events[news:]}
            assert learned <= {OperationOutcomeUnknown}, "what may have arrived was taken for what never did"
        if isinstance(outcome, Unknown):
            learned = {type(event) for event in self.journey.events[news:]}
            assert learned <= {OperationOutcomeUnknown}, "what is unknown was taken for an answer"
        if any(isinstance(event, PaymentAttemptStarted) for event in self.journey.events[news:]):
            self.assert_it_may_go_on(before, outcome)

    def assert_it_may_go_on(self, before: Payment, outcome: Outcome) -> None:
        """Only after what certainly was no charge, within the bounds of the policy, and to one that takes it now."""
        retry, after = self.situation.policy.retry, self.journey.payment
        assert isinstance(before, Processing)
        assert isinstance(after, Processing)
        match outcome:
            case Declined(code=code):
                assert code in retry.soft_declines, "a hard decline fell back"
            case _:
                assert isinstance(outcome, Unavailable), "what may have been a charge fell back"
                assert not before.outcome_unknown
        assert len(after.tried) + 1 <= retry.attempts_max
        assert after.attempt.started_at - after.tried[0].started_at < timedelta(seconds=retry.total_s_max)
        assert after.attempt.provider in self.situation.policy.default.providers
        assert not self.situation.figures.get(after.attempt.provider, Figures()).open_circuit

    def part(self, tenths: int | None) -> Money | None:
        return None if tenths is None else self.journey.part(tenths)

    # what holds after every step

    @invariant()
    def intent_comes_before_effect_and_one_operation_at_a_time(self) -> None:
        assert_intent_before_effect_and_one_operation_at_a_time(self.journey)

    @invariant()
    def one_attempt_succeeds_at_most_and_each_follows_only_what_took_nothing(self) -> None:
        assert_one_attempt_succeeds_at_most_and_each_follows_only_what_took_nothing(self.journey)

    @invariant()
    def each_attempt_is_where_its_route_chose_and_no_provider_is_asked_twice(self) -> None:
        assert_each_attempt_is_where_its_route_chose_and_no_provider_is_asked_twice(self.journey)

    @invariant()
    def what_is_unknown_blocks_everything(self) -> None:
        assert_what_is_unknown_blocks_everything(self.journey)

    @invariant()
    def each_contradiction_is_reported_once_and_changes_nothing(self) -> None:
        assert_each_contradiction_is_reported_once_and_changes_nothing(self.journey)

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
        books = as_payments_tell(self.journey.books, [MERCHANT])
        assert {key: minor for key, minor in books.items() if minor} == {
            key: minor for key, minor in books_of(self.journey.payment).items() if minor
        }

    @invariant()
    def no_account_is_below_its_floor_and_no_lot_below_nothing(self) -> None:
        limit_minor = BASIS.terms.settlement.limit_for(self.journey.amount.currency)
        assert balances_below_their_floor(self.journey.books, limit_minor) == []

    def teardown(self) -> None:
        if hasattr(self, "journey"):
            assert_every_prefix_folds_to_the_payment_as_it_was(self.journey)


TestPaymentLifecycle = PaymentLifecycle.TestCase
TestPaymentLifecycle.settings = settings(stateful_step_count=40)
