"""Whatever captures, refunds, disputes and rulings come in whatever order: no more is given back than was taken."""

from collections import Counter
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from domain.dispute.accept import accept
from domain.dispute.add_evidence import add_evidence
from domain.dispute.amend import amend
from domain.dispute.escalate import escalate
from domain.dispute.events import DisputeCaseEvent, DisputeKind
from domain.dispute.evolve import evolve as evolve_case
from domain.dispute.expire import expire
from domain.dispute.money import money_of
from domain.dispute.open import open_case
from domain.dispute.rule import rule as bank_rules
from domain.dispute.rule import rule_in_part
from domain.dispute.state import Accepted, DisputeCase, Expired, Lost, PartlyWon, Won
from domain.dispute.submit import record_submission_outcome, submit
from domain.errors import DomainError
from domain.identifiers import DisputeId, SubmissionId
from domain.ledger.accounts import AccountCode, held, owed, psp_clearing
from domain.ledger.rules import entry_for
from domain.money.money import Money, zero
from domain.payment.debit import DebitSource
from domain.payment.dispute import (
    AmendDispute,
    CloseDispute,
    DisputeCommand,
    OpenDispute,
    ReverseInPart,
    amend_dispute,
    close_dispute,
    open_dispute,
    reverse_in_part,
)
from domain.payment.evolve import evolve
from domain.payment.outcome import Outcome
from domain.payment.state import CapturedFunds, Capturing, DisputeResult, Payment, Refunding, captured_funds_of
from domain.payment.status import Status, status_of
from domain.terms.amounts import OTHERS
from tests.domain.dispute.cases import SUBMISSION, evidence, opening
from tests.support.domain import (
    ACQUIRER,
    APPROVED,
    BASIS,
    DECLINED,
    MERCHANT,
    NOW,
    PAYMENT,
    Decision,
    History,
    authorized,
    capture_answered,
    captures,
    operation,
    payment_of,
    refund_answered,
    refunds,
)

AUTHORIZED: Final = Money(10_000, "EUR")
WITH_FEE = replace(BASIS, terms=replace(BASIS.terms, fees=replace(BASIS.terms.fees, dispute={OTHERS: 15})))
minors = st.integers(1, 7_000)
numbers = st.integers(0, 3)
HOURS_STEP_MAX: Final = 24 * 20


class DisputeMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.operations = 100
        self.cases: dict[int, DisputeCase] = {}
        self.history: History = authorized(AUTHORIZED)
        self.balances: Counter[AccountCode] = Counter()
        for version, event in enumerate(self.history, start=1):
            self._post(version, event)

    @initialize(minor=st.integers(1_000, 10_000), final=st.booleans())
    def takes_something(self, minor: int, final: bool) -> None:
        self.captures(minor, final, APPROVED)

    @rule(minor=minors, final=st.booleans(), outcome=st.sampled_from([APPROVED, DECLINED]))
    def captures(self, minor: int, final: bool, outcome: Outcome) -> None:
        self.operations += 1
        capture_id = operation(self.operations)
        if self._pays(captures(Money(minor, "EUR"), final=final, id=capture_id, at=self.now)):
            self._pays(capture_answered(outcome, id=capture_id))

    @rule(minor=minors, source=st.sampled_from([DebitSource.LOT, DebitSource.SHARE, DebitSource.AVAILABLE]))
    def starts_a_refund(self, minor: int, source: DebitSource) -> None:
        self.operations += 1
        self._pays(
            refunds(Money(minor, "EUR"), id=operation(self.operations), at=self.now, pricing=WITH_FEE, source=source)
        )

    @rule(outcome=st.sampled_from([APPROVED, DECLINED]))
    def hears_of_the_refund(self, outcome: Outcome) -> None:
        payment = self.payment
        if isinstance(payment, Refunding):
            self._pays(refund_answered(outcome, id=payment.refund_id))

    @rule(number=numbers, minor=minors, kind=st.sampled_from(DisputeKind), source=st.sampled_from(DebitSource))
    def is_disputed(self, number: int, minor: int, kind: DisputeKind, source: DebitSource) -> None:
        command = opening(kind, amount=Money(minor, "EUR"), id=DisputeId(f"dp_{number}"))
        before = self.cases.get(number)
        self._decided(number, lambda _: open_case(before, command, BASIS.terms.disputes, self.now), source)

    @rule(number=numbers, minor=minors, source=st.sampled_from(DebitSource))
    def is_escalated(self, number: int, minor: int, source: DebitSource) -> None:
        amount = Money(minor, "EUR")
        self._about(number, lambda case: escalate(case, amount, None, BASIS.terms.disputes, self.now), source)

    @rule(number=numbers, outcome=st.sampled_from([APPROVED, DECLINED]))
    def is_answered(self, number: int, outcome: Outcome) -> None:
        self._about(number, lambda case: add_evidence(case, evidence(), self.now))
        self._about(number, lambda case: submit(case, SUBMISSION, self.now))
        self._about(number, lambda case: record_submission_outcome(case, SUBMISSION, outcome))

    @rule(number=numbers)
    def is_accepted(self, number: int) -> None:
        self._about(number, lambda case: accept(case, SubmissionId(UUID(int=9)), self.now))

    @rule(number=numbers, result=st.sampled_from(DisputeResult))
    def is_ruled(self, number: int, result: DisputeResult) -> None:
        self._about(number, lambda case: bank_rules(case, result))

    @rule(number=numbers, minor=minors)
    def is_ruled_in_part(self, number: int, minor: int) -> None:
        self._about(number, lambda case: rule_in_part(case, Money(minor, "EUR")))

    @rule(number=numbers, minor=minors, source=st.sampled_from(DebitSource))
    def is_amended(self, number: int, minor: int, source: DebitSource) -> None:
        self._about(number, lambda case: amend(case, Money(minor, "EUR")), source)

    @rule(hours=st.integers(1, HOURS_STEP_MAX))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        for number in list(self.cases):
            self._about(number, lambda case: expire(case, self.now))

    @invariant()
    def no_more_is_given_back_than_was_taken(self) -> None:
        taken = self.taken
        if taken is None:
            return
        on_its_way = self.payment.amount if isinstance(self.payment, Refunding) else zero("EUR")
        assert taken.refundable >= on_its_way
        assert taken.refunded + taken.charged_back + taken.frozen + on_its_way <= taken.captured
        assert taken.captured <= AUTHORIZED

    @invariant()
    def the_books_say_the_same(self) -> None:
        taken = self.taken
        if taken is None:
            return
        lost = [each.claim.disputed for each in taken.disputes if each.result is DisputeResult.LOST]
        with_provider = taken.captured - taken.refunded - sum(lost, start=zero("EUR"))
        assert self.balances[psp_clearing(ACQUIRER)] == with_provider.minor
        debit = self.payment.debit if isinstance(self.payment, Refunding) else None
        on_its_way = 0 if debit is None else debit.total.minor
        claimed = [each.claim.disputed for each in taken.disputes if each.result is None]
        assert self.balances[held(MERCHANT)] == sum(claimed, start=zero("EUR")).minor + on_its_way
        assert self.balances[owed(MERCHANT)] >= 0

    @invariant()
    def what_is_booked_is_the_whole_claim(self) -> None:
        for dispute in () if self.taken is None else self.taken.disputes:
            claim = dispute.claim
            beyond = zero("EUR") if claim.excess is None else claim.excess.amount
            assert claim.amount + beyond == claim.disputed
            assert claim.debit.drawn.total == claim.debit.total

    @invariant()
    def a_case_and_its_money_are_at_one(self) -> None:
        for case in self.cases.values():
            of_payment = None if self.taken is None else self.taken.dispute(case.case.dispute_id)
            if case.case.kind is DisputeKind.INQUIRY:
                assert of_payment is None, "an inquiry moves no money"
                continue
            assert of_payment is not None
            assert of_payment.result is _result(case)
            if of_payment.result is not DisputeResult.WON:
                assert of_payment.claim.disputed == (case.lost if isinstance(case, PartlyWon) else case.case.amount)

    @invariant()
    def what_was_given_back_in_full_cannot_be_given_back_again(self) -> None:
        taken = self.taken
        if taken is None or taken.refundable > zero("EUR") or isinstance(self.payment, Refunding | Capturing):
            return
        with pytest.raises(DomainError):
            refunds(Money(1, "EUR"), id=operation(1), at=self.now)(self.payment)
        command = OpenDispute(dispute_id=DisputeId("dp_other"), amount=Money(1, "EUR"), reason="fraudulent")
        [opened] = open_dispute(self.payment, command, BASIS, self.now)
        assert captured_funds_of(evolve(self.payment, opened)).frozen == taken.frozen  # type: ignore[union-attr]

    @property
    def payment(self) -> Payment:
        return payment_of(self.history)

    @property
    def taken(self) -> CapturedFunds | None:
        return captured_funds_of(self.payment)

    def _pays(self, decide: Decision) -> bool:
        """Whether it was allowed."""
        try:
            events = decide(self.payment)
        except DomainError:
            return False
        self._append(events)
        return True

    def _about(self, number: int, decide: Any, source: DebitSource = DebitSource.LOT) -> None:
        if number in self.cases:
            self._decided(number, decide, source)

    def _decided(self, number: int, decide: Any, source: DebitSource) -> None:
        """The case and the money as one: what is refused of either is refused of both."""
        case, payment = self.cases.get(number), self.payment
        moved: History = ()
        try:
            events: tuple[DisputeCaseEvent, ...] = decide(case)
            for event in events:
                for command in money_of(case, event):
                    now = self._moves(payment, command, source)
                    moved += now
                    for money in now:
                        payment = evolve(payment, money)
                case = evolve_case(case, event)
        except DomainError:
            return
        if case is not None:
            self.cases[number] = case
        self._append(moved)

    def _moves(self, payment: Payment, command: DisputeCommand, source: DebitSource) -> History:
        match command:
            case OpenDispute():
                return open_dispute(payment, command, WITH_FEE, self.now, source=source)
            case AmendDispute():
                return amend_dispute(payment, command, WITH_FEE, self.now, source=source)
            case CloseDispute():
                return close_dispute(payment, command, self.now)
            case ReverseInPart():
                return reverse_in_part(payment, command, self.now)

    def _append(self, events: History) -> None:
        for event in events:
            self.history += (event,)
            self._post(len(self.history), event)

    def _post(self, version: int, event: Any) -> None:
        entry = entry_for(PAYMENT, version, event)
        for posting in () if entry is None else entry.postings:
            self.balances[posting.account] += posting.change_minor


def _result(case: DisputeCase) -> DisputeResult | None:
    match case:
        case Won():
            return DisputeResult.WON
        case Accepted() | Expired() | Lost() | PartlyWon():
            return DisputeResult.LOST
        case _:
            return None


TestDisputes = DisputeMachine.TestCase
TestDisputes.settings = settings(stateful_step_count=40)


def test_an_inquiry_leaves_the_payment_as_it_is() -> None:
    machine = DisputeMachine()
    machine.takes_something(5_000, True)
    machine.is_disputed(0, 5_000, DisputeKind.INQUIRY, DebitSource.LOT)
    assert status_of(machine.payment) is Status.CAPTURED


def test_a_charge_that_was_refunded_in_full_and_is_lost_is_paid_twice_and_the_merchant_owes_it() -> None:
    machine = DisputeMachine()
    machine.takes_something(5_000, True)
    machine.starts_a_refund(5_000, DebitSource.LOT)
    machine.hears_of_the_refund(APPROVED)
    machine.is_disputed(0, 5_000, DisputeKind.CHARGEBACK, DebitSource.LOT)
    machine.is_ruled(0, DisputeResult.LOST)
    taken = machine.taken
    assert taken is not None
    assert (taken.refunded, taken.charged_back) == (Money(5_000, "EUR"), zero("EUR"))
    assert machine.balances[owed(MERCHANT)] == 5_000
    assert machine.balances[psp_clearing(ACQUIRER)] == -5_000


def test_a_charge_that_was_lost_in_full_cannot_be_refunded() -> None:
    machine = DisputeMachine()
    machine.takes_something(5_000, True)
    machine.is_disputed(0, 5_000, DisputeKind.CHARGEBACK, DebitSource.LOT)
    machine.time_passes(31 * 24)
    machine.starts_a_refund(1, DebitSource.AVAILABLE)
    assert not isinstance(machine.payment, Refunding)
    machine.is_ruled(0, DisputeResult.WON)
    machine.starts_a_refund(5_000, DebitSource.AVAILABLE)
    assert isinstance(machine.payment, Refunding), "won after all, the money is there again"
