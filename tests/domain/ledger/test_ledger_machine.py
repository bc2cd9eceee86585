"""Many payments of several merchants, at several providers, in several currencies, all in one set of books.

The books hold what the payments, each on its own, say that they hold: nothing more, nothing less, nothing mixed up.
"""

from collections import Counter
from collections.abc import Callable
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from domain.identifiers import CustomerId, DisputeId, MerchantId, OperationId, ProviderName
from domain.ledger.balances import fold_balances, limited_changes
from domain.ledger.entry import JournalEntryPosted, imbalance
from domain.money import Money
from domain.payment.create import CreatePayment
from domain.payment.events import CaptureMethod
from domain.payment.operation import operation_id_of
from domain.payment.outcome import Outcome
from domain.payment.state import Disputed, DisputeResult, InFlight
from tests.domain.books import Books, balances_below_their_floor, books_of
from tests.domain.journey import Journey
from tests.support.domain import (
    APPROVED,
    CARD,
    DECLINED,
    UNKNOWN,
    Decision,
    amounts,
    attempt_answered,
    capture_answered,
    captures,
    confirmed,
    disputes,
    expires,
    operation,
    refund_answered,
    refunds,
    ruled,
    void_answered,
    voids,
)

MERCHANTS = [MerchantId("mer_acme"), MerchantId("mer_zen")]
PROVIDERS = [ProviderName("northbank"), ProviderName("southpay")]
CURRENCIES = ["EUR", "JPY", "KWD"]


class Ledger(RuleBasedStateMachine):
    payments = Bundle("payments")

    def __init__(self) -> None:
        super().__init__()
        self.fresh = count(1)
        self.journeys: list[Journey] = []
        self.running: Books = Counter()
        """Balances kept the way the store keeps them: each append's limited changes added up."""

    @rule(
        target=payments,
        merchant=st.sampled_from(MERCHANTS),
        amount=st.sampled_from(CURRENCIES).flatmap(lambda currency: amounts(currency, min_minor=10)),
        method=st.sampled_from(CaptureMethod),
        provider=st.sampled_from(PROVIDERS),
    )
    def a_payment_is_authorised(
        self, merchant: MerchantId, amount: Money, method: CaptureMethod, provider: ProviderName
    ) -> Journey:
        command = CreatePayment(
            merchant_id=merchant, customer_id=CustomerId("cus_1"), amount=amount, method=CARD, capture_method=method
        )
        journey = Journey(next(self.fresh), command)
        self.journeys.append(journey)
        self.ask(journey, lambda id: confirmed(provider, id=id))
        self.answer(journey, APPROVED)
        return journey

    @rule(
        journey=payments, tenths=st.integers(1, 12), final=st.booleans(), outcome=st.sampled_from([APPROVED, DECLINED])
    )
    def some_is_captured(self, journey: Journey, tenths: int, final: bool, outcome: Outcome) -> None:
        self.ask(journey, lambda id: captures(journey.part(tenths), final=final, id=id))
        self.answer(journey, outcome)

    @rule(journey=payments)
    def it_is_voided(self, journey: Journey) -> None:
        self.ask(journey, voids)
        self.answer(journey, APPROVED)

    @rule(journey=payments)
    def it_expires(self, journey: Journey) -> None:
        self.take(journey, expires())

    @rule(journey=payments, tenths=st.none() | st.integers(1, 12), outcome=st.sampled_from([APPROVED, DECLINED]))
    def some_is_refunded(self, journey: Journey, tenths: int | None, outcome: Outcome) -> None:
        amount = None if tenths is None else journey.part(tenths)
        self.ask(journey, lambda id: refunds(amount, id=id))
        self.answer(journey, outcome)

    @rule(journey=payments, tenths=st.integers(1, 10))
    def some_is_disputed(self, journey: Journey, tenths: int) -> None:
        self.take(journey, disputes(journey.part(tenths), id=DisputeId(f"dp_{next(self.fresh)}")))

    @rule(journey=payments, result=st.sampled_from(DisputeResult))
    def the_bank_rules(self, journey: Journey, result: DisputeResult) -> None:
        if isinstance(journey.payment, Disputed):
            self.take(journey, ruled(result, id=journey.payment.dispute_id))

    @rule(journey=payments)
    def a_refund_is_lost_sight_of(self, journey: Journey) -> None:
        self.ask(journey, lambda id: refunds(id=id))
        self.answer(journey, UNKNOWN)

    @rule(journey=payments, outcome=st.sampled_from([APPROVED, DECLINED]))
    def what_was_lost_sight_of_is_resolved(self, journey: Journey, outcome: Outcome) -> None:
        self.answer(journey, outcome)

    def ask(self, journey: Journey, decide: Callable[[OperationId], Decision]) -> None:
        self.take(journey, decide(operation(next(self.fresh))))

    def answer(self, journey: Journey, outcome: Outcome) -> None:
        if isinstance(journey.payment, InFlight):
            id = operation_id_of(journey.payment)
            for answered in (attempt_answered, capture_answered, void_answered, refund_answered):
                self.take(journey, answered(outcome, id=id))

    def take(self, journey: Journey, decision: Decision) -> None:
        posted = len(journey.entries)
        journey.take(decision)
        for change in limited_changes(journey.entries[posted:]):
            self.running[change.key] += change.change_minor
            assert self.running[change.key] >= change.floor_minor

    # what holds after every step

    @property
    def entries(self) -> list[JournalEntryPosted]:
        return [entry for journey in self.journeys for entry in journey.entries]

    @invariant()
    def the_books_balance_in_each_currency(self) -> None:
        assert set(imbalance(posting for entry in self.entries for posting in entry.postings).values()) <= {0}

    @invariant()
    def the_books_hold_what_the_payments_say(self) -> None:
        expected: Books = Counter()
        for journey in self.journeys:
            expected.update(books_of(journey.payment))
        assert Counter(fold_balances(self.entries)) == expected

    @invariant()
    def no_account_is_below_its_floor(self) -> None:
        assert balances_below_their_floor(Counter(fold_balances(self.entries))) == []

    @invariant()
    def the_limited_balances_kept_by_each_append_are_those_the_entries_add_up_to(self) -> None:
        folded = Counter({change.key: change.change_minor for change in limited_changes(self.entries)})
        assert self.running == folded


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
