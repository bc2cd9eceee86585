"""One payment among providers that keep books: whatever is lost, late or repeated between us, one charge at most.

Providers tell the truth here, and remember what they were asked by its id. Requests never leave, arrive late or answer
too late; whoever asked dies and recovery asks again; customers act, or not; notices come in any order, any number of
times. The books of all providers together then hold at most one charge, and it is the one that the payment knows.
"""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.identifiers import CustomerId, OperationId, ProviderName
from domain.payment.create import CreatePayment
from domain.payment.events import CaptureMethod, OperationKind, PaymentAttemptStarted
from domain.payment.notice import CANCELED, Notice, read_notice
from domain.payment.outcome import ActionRequired, Approved, Outcome, Unavailable, Unknown
from domain.payment.progress import operations_of
from domain.payment.reading import AsksForLookup, Contradicts, Settles
from domain.payment.state import Authorized, Canceled, Captured, Failed, Payment, Processing, RequiresAction
from tests.domain.attempts import assert_one_attempt_succeeds_at_most_and_each_follows_only_what_took_nothing
from tests.domain.journey import Journey
from tests.support.domain import (
    ACQUIRER,
    ACTION_REQUIRED,
    APPROVED,
    CARD,
    DECLINED,
    MERCHANT,
    NOW,
    REJECTED,
    SECOND,
    THIRD,
    TRY_AGAIN,
    abandons,
    attempt_answered,
    cancels,
    confirmed,
    eur,
    operation,
    situation,
)

NEVER_SENT, NO_ANSWER = Unavailable("connection refused"), Unknown("no answer in 10 s")
verdicts = st.sampled_from([TRY_AGAIN, TRY_AGAIN, ACTION_REQUIRED, ACTION_REQUIRED, APPROVED, DECLINED, REJECTED])
F = TypeVar("F", bound=Callable[..., None])


def at(*stages: type[Payment]) -> Callable[[F], F]:
    return precondition(lambda self: isinstance(self.journey.payment, stages))


class OneCharge(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.fresh = count(1)
        self.situation = situation(ACQUIRER, SECOND, THIRD, total_s_max=7 * 24 * 3_600)
        # Time alone must not save us here.
        self.books: dict[OperationId, Outcome] = {}
        """What each attempt's provider holds of it, once it arrived there."""
        self.on_the_way: list[OperationId] = []
        self.notices: list[Notice] = []
        self.unasked: OperationId | None = None
        """The attempt that whoever started it has yet to ask for, or has yet to hear of."""

    @initialize(method=st.sampled_from(CaptureMethod))
    def confirm(self, method: CaptureMethod) -> None:
        command = CreatePayment(
            merchant_id=MERCHANT,
            customer_id=CustomerId("cus_1"),
            amount=eur("100.00"),
            method=CARD,
            capture_method=method,
        )
        self.journey = Journey(1, command)
        self.unasked = operation(next(self.fresh))
        self.journey.take(confirmed(id=self.unasked, at=self.now, within=self.situation))

    # whoever started the attempt asks its provider

    @precondition(lambda self: self.unasked is not None)
    @rule()
    def the_request_never_leaves(self) -> None:
        self.hears(self.no_longer_unasked(), NEVER_SENT)

    @precondition(lambda self: self.unasked is not None)
    @rule(verdict=verdicts)
    def the_provider_answers(self, verdict: Outcome) -> None:
        id = self.no_longer_unasked()
        self.arrives(id, verdict)
        self.hears(id, self.books[id])

    @precondition(lambda self: self.unasked is not None)
    @rule()
    def the_request_goes_out_and_no_answer_comes(self) -> None:
        id = self.no_longer_unasked()
        self.on_the_way.append(id)
        self.hears(id, NO_ANSWER)

    @precondition(lambda self: self.unasked is not None)
    @rule()
    def the_request_goes_out_and_whoever_sent_it_dies(self) -> None:
        self.on_the_way.append(self.no_longer_unasked())

    # time, customers, and what was on the way

    @precondition(lambda self: self.on_the_way)
    @rule(verdict=verdicts, data=st.data())
    def a_request_arrives_late_or_twice(self, verdict: Outcome, data: st.DataObject) -> None:
        self.arrives(data.draw(st.sampled_from(self.on_the_way)), verdict)

    @precondition(lambda self: self.waiting_for_customers())
    @rule(verdict=st.sampled_from([APPROVED, DECLINED, TRY_AGAIN]), data=st.data())
    def a_customer_acts(self, verdict: Outcome, data: st.DataObject) -> None:
        self.decides(data.draw(st.sampled_from(self.waiting_for_customers())), verdict)

    @rule(seconds=st.sampled_from([1, 20, 3_600]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    # recovery and timers

    @at(Processing)
    @rule(sent=st.booleans())
    def recovery_looks_it_up_or_asks_again(self, sent: bool) -> None:
        """What the provider has not seen is first made unknown for good, and then asked for under the same id."""
        id = self.open_id()
        if id in self.books:
            self.hears(id, self.books[id])
            return
        self.hears(id, NO_ANSWER)
        if sent:
            self.on_the_way.append(id)
            self.hears(id, NO_ANSWER)
        else:
            self.hears(id, NEVER_SENT)

    @at(RequiresAction)
    @rule()
    def somebody_looks_up_whether_the_customer_acted(self) -> None:
        self.hears(self.open_id(), self.books[self.open_id()])

    @at(RequiresAction)
    @rule()
    def the_customers_time_is_over(self) -> None:
        payment = self.journey.payment
        assert isinstance(payment, RequiresAction)
        if self.now < payment.expires_at:
            return
        id = payment.attempt.attempt_id
        if isinstance(self.books[id], ActionRequired):
            self.decides(id, CANCELED, about=OperationKind.VOID)
        if self.books[id] == CANCELED:
            assert self.journey.take(abandons(self.now))
        else:
            self.hears(id, self.books[id])

    @at(RequiresAction)
    @rule(dies=st.booleans())
    def the_merchant_cancels(self, dies: bool) -> None:
        """At the provider first; whoever does may die before it is recorded."""
        payment = self.journey.payment
        assert isinstance(payment, RequiresAction)
        id = payment.attempt.attempt_id
        if isinstance(self.books[id], ActionRequired):
            self.decides(id, CANCELED, about=OperationKind.VOID)
        if dies:
            return
        if self.books[id] == CANCELED:
            assert self.journey.take(cancels(canceled_attempt=id))
        else:
            self.hears(id, self.books[id])
            assert not self.journey.take(cancels(canceled_attempt=id))

    # notices

    @precondition(lambda self: self.notices)
    @rule(data=st.data())
    def a_notice_comes(self, data: st.DataObject) -> None:
        notice = data.draw(st.sampled_from(self.notices))
        reading = read_notice(self.journey.payment, self.journey.events, notice)
        assert not isinstance(reading, Contradicts), "the truth contradicts what we have on record"
        match reading:
            case Settles(operation_id=id, outcome=outcome):
                self.hears(id, outcome)
            case AsksForLookup() if self.open_id() in self.books:
                self.hears(self.open_id(), self.books[self.open_id()])
            case _:
                pass

    # how it works

    def arrives(self, id: OperationId, verdict: Outcome) -> None:
        """The provider decides on what it sees for the first time, and keeps to it."""
        if id not in self.books:
            self.decides(id, verdict)

    def decides(self, id: OperationId, verdict: Outcome, about: OperationKind = OperationKind.AUTHORIZE) -> None:
        self.books[id] = verdict
        asked = operations_of(self.journey.events)[id]
        says = APPROVED if about is OperationKind.VOID else verdict
        self.notify(asked.provider, id, says, about)
        if asked.capture and isinstance(verdict, Approved):
            self.notify(asked.provider, id, says, OperationKind.CAPTURE)

    def notify(self, provider: ProviderName, id: OperationId, outcome: Outcome, about: OperationKind) -> None:
        reference = outcome.reference if isinstance(outcome, Approved | ActionRequired) else None
        self.notices.append(
            Notice(provider=provider, about=about, outcome=outcome, operation_id=id, reference=reference)
        )

    def hears(self, id: OperationId, outcome: Outcome) -> None:
        news, next_id = len(self.journey.events), operation(next(self.fresh))
        answered = attempt_answered(outcome, id=id, next_id=next_id, at=self.now, within=self.situation)
        assert self.journey.take(answered)
        for event in self.journey.events[news:]:
            if isinstance(event, PaymentAttemptStarted):
                self.unasked = event.attempt_id

    def no_longer_unasked(self) -> OperationId:
        id, self.unasked = self.unasked, None
        assert id is not None
        return id

    def open_id(self) -> OperationId:
        payment = self.journey.payment
        assert isinstance(payment, Processing | RequiresAction)
        return payment.attempt.attempt_id

    def waiting_for_customers(self) -> list[OperationId]:
        return [id for id, held in self.books.items() if isinstance(held, ActionRequired)]

    # what holds after every step

    @invariant()
    def all_providers_together_charged_once_at_most(self) -> None:
        assert len(self.charges()) <= 1

    @invariant()
    def a_payment_that_ended_is_what_the_providers_say(self) -> None:
        match self.journey.payment:
            case Failed() | Canceled():
                assert self.charges() == []
            case Authorized(authorization=authorization) | Captured(authorization=authorization):
                assert self.charges() == [authorization.attempt_id]
            case _:
                pass

    @invariant()
    def one_attempt_succeeds_at_most_and_each_follows_only_what_took_nothing(self) -> None:
        assert_one_attempt_succeeds_at_most_and_each_follows_only_what_took_nothing(self.journey)

    def charges(self) -> list[OperationId]:
        return [id for id, held in self.books.items() if isinstance(held, Approved)]


TestOneCharge = OneCharge.TestCase
TestOneCharge.settings = settings(stateful_step_count=30)
