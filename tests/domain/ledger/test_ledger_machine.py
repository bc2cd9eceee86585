"""Many payments of several merchants, at several providers, in several currencies, all in one set of books.

The books hold what the payments, each on its own, say that they hold: nothing more, nothing less, nothing mixed up.
One merchant is settled in what was paid, the other in euros, with a reserve; days pass, and what is due is released.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from application.terms.balance_floors import floors_for
from domain.identifiers import CustomerId, DisputeId, MerchantId, OperationId, ProviderName
from domain.ledger.accounts import account, held, is_lot, lot_of, owed, pending
from domain.ledger.balances import BalanceKey, fold_balances
from domain.ledger.entry import JournalEntryPosted, imbalance
from domain.ledger.rules import entry_for
from domain.money.money import Money
from domain.payment.create import CreatePayment
from domain.payment.debit import DebitSource
from domain.payment.events import CaptureMethod, OperationKind
from domain.payment.operation import operation_id_of
from domain.payment.outcome import Outcome
from domain.payment.state import DisputeResult, InFlight, captured_funds_of
from domain.release.events import Bucket, FundsReleased
from domain.terms.amounts import OTHERS
from domain.terms.conversion import RefundRate
from domain.terms.fee_plan import Blended, FeePlan
from domain.terms.pricing_context import PricingContext
from domain.terms.settlement import BeyondBudget
from tests.domain.books import Books, KeptBalances, as_payments_tell, balances_below_their_floor, books_of
from tests.domain.journey import Journey, from_where_it_holds
from tests.support.domain import (
    APPROVED,
    BASIS,
    CARD,
    DECLINED,
    NOW,
    UNKNOWN,
    Decision,
    adopts,
    agreed,
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
    reverses,
    ruled,
    void_answered,
    voids,
)

ACME, ZEN = MerchantId("mer_acme"), MerchantId("mer_zen")
LIMIT_MINOR = 1_000
PLAN = FeePlan(
    version="all-fees:1",
    default=Blended(basis_points=290, fixed_minor={OTHERS: 30}),
    refund={OTHERS: 25},
    dispute={OTHERS: 1_500},
)
BASES: dict[MerchantId, PricingContext] = {
    ACME: agreed(pricing=BASIS, negative_limit_minor=LIMIT_MINOR),
    ZEN: agreed(
        fees=PLAN,
        settle_in="EUR",
        mark_up_basis_points=200,
        refund_rate=RefundRate.CURRENT,
        reserve_basis_points=1_000,
        negative_limit_minor=LIMIT_MINOR,
        beyond_budget=BeyondBudget.LOSSES,
    ),
}
PROVIDERS = [ProviderName("northbank"), ProviderName("southpay")]
CURRENCIES = ["EUR", "JPY", "KWD"]
AMOUNT_MINOR_MAX = 10**12


class Ledger(RuleBasedStateMachine):
    payments = Bundle("payments")

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.fresh = count(1)
        self.journeys: list[Journey] = []
        self.releases: list[JournalEntryPosted] = []
        self.kept = KeptBalances()
        """Kept the way the store keeps them: each append's limited changes added up."""

    @rule(
        target=payments,
        merchant=st.sampled_from(sorted(BASES)),
        amount=st.sampled_from(CURRENCIES).flatmap(
            lambda currency: amounts(currency, min_minor=10, max_minor=AMOUNT_MINOR_MAX)
        ),
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
        self.ask(journey, lambda id: confirmed(provider, id=id, at=self.now))
        self.answer(journey, APPROVED)
        return journey

    @rule(
        journey=payments, tenths=st.integers(1, 12), final=st.booleans(), outcome=st.sampled_from([APPROVED, DECLINED])
    )
    def some_is_captured(self, journey: Journey, tenths: int, final: bool, outcome: Outcome) -> None:
        self.ask(journey, lambda id: captures(journey.part(tenths), final=final, id=id, at=self.now))
        self.answer(journey, outcome)

    @rule(journey=payments)
    def it_is_voided(self, journey: Journey) -> None:
        self.ask(journey, voids)
        self.answer(journey, APPROVED)

    @rule(journey=payments)
    def it_expires(self, journey: Journey) -> None:
        self.take(journey, expires(self.now))

    @rule(journey=payments, tenths=st.none() | st.integers(1, 12), outcome=st.sampled_from([APPROVED, DECLINED]))
    def some_is_refunded(self, journey: Journey, tenths: int | None, outcome: Outcome) -> None:
        self.refund(journey, None if tenths is None else journey.part(tenths))
        self.answer(journey, outcome)

    @rule(
        journey=payments,
        kind=st.sampled_from([OperationKind.CAPTURE, OperationKind.VOID, OperationKind.REFUND]),
        tenths=st.integers(1, 15),
        number=st.integers(1, 3),
    )
    def something_is_done_at_the_provider(
        self, journey: Journey, kind: OperationKind, tenths: int, number: int
    ) -> None:
        """Without us; one that has been told of is told of again."""
        pricing, known = basis_of(journey), tuple(journey.events)

        def adopted(source: DebitSource) -> Decision:
            return adopts(
                kind,
                journey.part(tenths),
                reference=f"own_{number}",
                known=known,
                at=self.now,
                pricing=pricing,
                source=source,
            )

        self.take(journey, from_where_it_holds(journey, adopted, self.kept, pricing, owes=True))

    @rule(journey=payments, data=st.data())
    def a_refund_fails_later(self, journey: Journey, data: st.DataObject) -> None:
        taken = captured_funds_of(journey.payment)
        standing = [] if taken is None else [refund.refund_id for refund in taken.refunds if refund.stands]
        if standing:
            refund_id = data.draw(st.sampled_from(standing))
            reversal = reverses(id=refund_id, at=self.now)
            if self.kept.broken_by(journey.caused_by(reversal(journey.payment))) is not None:
                # What the merchant owed because of it has been collected since.
                reversal = reverses(id=refund_id, at=self.now, debt_is_paid=True)
            self.take(journey, reversal)

    @rule(journey=payments, tenths=st.integers(1, 10))
    def some_is_disputed(self, journey: Journey, tenths: int) -> None:
        """Also while a refund is on its way."""
        pricing, dispute_id = basis_of(journey), DisputeId(f"dp_{next(self.fresh)}")

        def opened(source: DebitSource) -> Decision:
            return disputes(journey.part(tenths), id=dispute_id, at=self.now, pricing=pricing, source=source)

        self.take(journey, from_where_it_holds(journey, opened, self.kept, pricing, owes=True))

    @rule(journey=payments, result=st.sampled_from(DisputeResult), data=st.data())
    def the_bank_rules(self, journey: Journey, result: DisputeResult, data: st.DataObject) -> None:
        """Or overrules itself."""
        taken = captured_funds_of(journey.payment)
        if taken is not None and taken.disputes:
            dispute = data.draw(st.sampled_from(taken.disputes))
            ruling = ruled(result, id=dispute.dispute_id, at=self.now)
            if self.kept.broken_by(journey.caused_by(ruling(journey.payment))) is not None:
                # What the merchant owed because of it has been collected since.
                ruling = ruled(result, id=dispute.dispute_id, at=self.now, debt_is_paid=True)
            self.take(journey, ruling)

    @rule(journey=payments)
    def a_refund_is_lost_sight_of(self, journey: Journey) -> None:
        self.refund(journey, None)
        self.answer(journey, UNKNOWN)

    @rule(journey=payments, outcome=st.sampled_from([APPROVED, DECLINED]))
    def what_was_lost_sight_of_is_resolved(self, journey: Journey, outcome: Outcome) -> None:
        self.answer(journey, outcome)

    @rule(days=st.sampled_from([1, 1, 2, 5, 90]))
    def days_pass(self, days: int) -> None:
        self.now += timedelta(days=days)

    @precondition(lambda self: self.lots_that_are_due())
    @rule(data=st.data())
    def a_lot_that_is_due_is_released(self, data: st.DataObject) -> None:
        """What is owed is collected of it first."""
        merchant, bucket, due, amount = data.draw(st.sampled_from(self.lots_that_are_due()))
        debt_minor = self.kept.books[BalanceKey(owed(merchant), amount.currency)]
        event = FundsReleased(
            merchant_id=merchant,
            bucket=bucket,
            due=due,
            amount=amount,
            collected=Money(min(debt_minor, amount.minor), amount.currency),
        )
        entry = entry_for(UUID(int=next(self.fresh)), 1, event)
        assert entry is not None
        self.append([entry])
        self.releases.append(entry)

    def lots_that_are_due(self) -> list[tuple[MerchantId, Bucket, datetime, Money]]:
        dues = {posting.due for entry in self.entries for posting in entry.postings if posting.due}
        found = []
        for merchant in BASES:
            for bucket, code in (Bucket.PENDING, pending(merchant)), (Bucket.RESERVE, held(merchant)):
                for due in sorted(due for due in dues if due <= self.now):
                    for currency in CURRENCIES:
                        minor = self.kept.books[BalanceKey(lot_of(code, due), currency)]
                        if minor:
                            found.append((merchant, bucket, due, Money(minor, currency)))
        return found

    def refund(self, journey: Journey, amount: Money | None) -> None:
        pricing, id = basis_of(journey), operation(next(self.fresh))

        def started(source: DebitSource) -> Decision:
            return refunds(amount, id=id, at=self.now, pricing=pricing, source=source)

        self.take(journey, from_where_it_holds(journey, started, self.kept, pricing, owes=False))

    def ask(self, journey: Journey, decide: Callable[[OperationId], Decision]) -> None:
        self.take(journey, decide(operation(next(self.fresh))))

    def answer(self, journey: Journey, outcome: Outcome) -> None:
        if isinstance(journey.payment, InFlight):
            id, pricing = operation_id_of(journey.payment), basis_of(journey)
            self.take(journey, attempt_answered(outcome, id=id, at=self.now, pricing=pricing))
            self.take(journey, capture_answered(outcome, id=id, at=self.now, pricing=pricing))
            self.take(journey, void_answered(outcome, id=id))
            self.take(journey, refund_answered(outcome, id=id, at=self.now))

    def take(self, journey: Journey, decision: Decision) -> None:
        happened, posted = len(journey.events), len(journey.entries)
        journey.take(decision)
        floors = floors_for(journey.events[happened:], basis_of(journey).terms.settlement)
        self.append(journey.entries[posted:], floors)

    def append(self, entries: list[JournalEntryPosted], floors: Mapping[BalanceKey, int] | None = None) -> None:
        """No decision is such that the store would refuse it, but for those that look for the money."""
        assert self.kept.broken_by(entries, floors or {}) is None
        self.kept.add(entries)

    # what holds after every step

    @property
    def entries(self) -> list[JournalEntryPosted]:
        return [*(entry for journey in self.journeys for entry in journey.entries), *self.releases]

    @invariant()
    def the_books_balance_in_each_currency(self) -> None:
        assert set(imbalance(posting for entry in self.entries for posting in entry.postings).values()) <= {0}

    @invariant()
    def the_books_hold_what_the_payments_say(self) -> None:
        expected: Books = Counter()
        for journey in self.journeys:
            expected.update(books_of(journey.payment))
        for merchant in BASES:
            for entry in self.releases:
                for posting in entry.postings:
                    # A payment tells of its reserve as if it were held for ever.
                    if posting.account == held(merchant):
                        expected[BalanceKey(held(merchant), posting.amount.currency)] += posting.change_minor
                        expected[BalanceKey(pending(merchant), posting.amount.currency)] -= posting.change_minor
        assert as_payments_tell(Counter(fold_balances(self.entries)), BASES) == expected

    @invariant()
    def no_account_is_below_its_floor_and_no_lot_below_nothing(self) -> None:
        assert balances_below_their_floor(Counter(fold_balances(self.entries)), LIMIT_MINOR) == []

    @invariant()
    def all_that_is_pending_is_in_a_lot(self) -> None:
        books = Counter(fold_balances(self.entries))
        for merchant in BASES:
            for currency in CURRENCIES:
                lots = sum(
                    minor
                    for key, minor in books.items()
                    if key.currency == currency and is_lot(key.account) and key.account.startswith(pending(merchant))
                )
                assert lots == books[BalanceKey(pending(merchant), currency)]

    @invariant()
    def the_limited_balances_kept_by_each_append_are_those_the_entries_add_up_to(self) -> None:
        folded = fold_balances(self.entries)
        limited = {key: minor for key, minor in folded.items() if account(key.account).floor_minor is not None}
        assert self.kept.books == Counter(limited)


def basis_of(journey: Journey) -> PricingContext:
    return BASES[journey.merchant_id]


TestLedger = Ledger.TestCase
TestLedger.settings = settings(stateful_step_count=30)
