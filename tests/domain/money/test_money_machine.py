"""Any interleaving of captures, refunds, disputes, releases, payouts, conversions, settlements and failures keeps the
books: debits equal credits, no limit is broken, what we owe a merchant is what its statement says, and our revenue is
the fees that were charged.

Some examples in the suite, ten thousand in `make test-deep`.
"""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid5

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from domain.bank_account.details import Iban
from domain.bank_account.state import Account, Usable
from domain.errors import DomainError
from domain.event import Event
from domain.fx.conversion import Conversion
from domain.fx.events import FxRatesPublished
from domain.fx.rates import Rates
from domain.fx.rates import fold as fold_rates
from domain.identifiers import (
    PLATFORM,
    BankAccountId,
    BatchId,
    CustomerId,
    DisputeId,
    MerchantId,
    OperationId,
    PaymentId,
    PayoutId,
)
from domain.ledger.accounts import (
    AccountCode,
    available,
    bank,
    fx_residue,
    held,
    in_transit,
    is_lot,
    owed,
    platform_fees,
    platform_losses,
    platform_provisions,
    psp_clearing,
    psp_fees,
    psp_reserve,
    suspense,
)
from domain.ledger.balances import BalanceKey, trial_balance
from domain.ledger.causes import Causes
from domain.ledger.entry import JournalEntryPosted
from domain.ledger.rules import MoneyEvent
from domain.money.money import Money, zero
from domain.payment.adopt import AdoptOperation, OperationDiffers, adopt
from domain.payment.capture import CapturePayment, RecordCaptureOutcome, capture, record_capture_outcome
from domain.payment.confirm import NextAttempt, RecordAttemptOutcome, confirm, record_attempt_outcome
from domain.payment.create import CreatePayment, create
from domain.payment.debit import DebitSource, Funding
from domain.payment.dispute import (
    AmendDispute,
    CloseDispute,
    OpenDispute,
    ReversedBefore,
    ReverseInPart,
    amend_dispute,
    close_dispute,
    open_dispute,
    reverse_in_part,
)
from domain.payment.dispute_events import DisputeLost, DisputeOpened, DisputeReversed
from domain.payment.events import (
    CaptureMethod,
    OperationKind,
    PaymentCaptured,
    PaymentEvent,
    PaymentRefunded,
    RefundReversed,
)
from domain.payment.evolve import evolve
from domain.payment.method import MethodType, PaymentMethod
from domain.payment.movements import movements_of
from domain.payment.outcome import Approved, Declined, Outcome, Unknown
from domain.payment.proceeds import Claim
from domain.payment.progress import operations_of
from domain.payment.refund import RecordRefundOutcome, RefundPayment, record_refund_outcome, refund
from domain.payment.reverse_refund import ReverseRefund, reverse_refund
from domain.payment.settlement_events import MovementSettled, ProviderCost
from domain.payment.state import (
    Authorized,
    Captured,
    Capturing,
    Dispute,
    DisputeResult,
    PartiallyCaptured,
    Refunding,
    captured_funds_of,
    is_authorized,
    terms_of,
)
from domain.payout.batch import batch, end_to_end_id_for
from domain.payout.cancel import cancel
from domain.payout.create import CreatePayout
from domain.payout.create import create as create_payout
from domain.payout.events import PayoutPaid, PayoutReturned, PayoutTrigger
from domain.payout.report import ReportedOutcome, ReportPayout, report
from domain.payout.state import Batched, Held, Ready, Sent
from domain.settlement.events import ItemKind, SettlementEvent, SettlementItemBooked
from domain.settlement.settle_movement import SettleMovement, settle_movement
from domain.settlement.settlement import (
    BookItem,
    ItemDiffers,
    ReceiveSettlement,
    book_item,
    receive,
    settlement_stream,
)
from domain.settlement.settlement import fold as fold_settlement
from domain.terms.amounts import OTHERS
from domain.terms.conversion import ConversionRule, RefundRate
from domain.terms.fee_plan import Blended, FeePlan, InterchangePlus
from domain.terms.pricing_context import PricingContext
from domain.terms.settlement import BeyondBudget
from domain.terms.terms import DEFAULT_TERMS
from projections.engine.view import fold
from projections.ledger.journal_lines import JOURNAL_LINES
from projections.ledger.merchant_balances import MERCHANT_BALANCES
from tests.domain.money.world import World
from tests.support.domain import ACTION_WINDOW, WINDOW
from tests.support.routing import SIMULATOR, InOrder

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOME, ABROAD = MerchantId("mer_home"), MerchantId("mer_abroad")
"""One is settled in the payment's currency; the other in euros, whatever it takes."""
CURRENCIES = ("EUR", "USD", "JPY", "KWD")
LIMIT_MINOR = 500
NAMES = UUID("01934a2e-6c00-7a10-8000-000000000000")
CARD = PaymentMethod(MethodType.CARD, "tok_visa")
BANK = "main"
EXAMPLES = int(os.environ.get("MONEY_EXAMPLES", settings().max_examples))
STEPS = 40

FLAT = FeePlan(version="flat:1", default=Blended(basis_points=290, fixed_minor={OTHERS: 30}))
COSTLY = FeePlan(
    version="costly:2",
    default=InterchangePlus(
        interchange_basis_points=180,
        scheme_basis_points=13,
        scheme_fixed_minor={OTHERS: 2},
        markup_basis_points=25,
        markup_fixed_minor={OTHERS: 10},
    ),
    refund={OTHERS: 15},
    dispute={OTHERS: 1_500},
)

PLANS = {plan.version: plan for plan in (FLAT, COSTLY)}


def rates(number: int, dollar: int, yen: int, dinar: int, at: datetime) -> FxRatesPublished:
    """For one euro: so many cents, yen, and thousandths of a dinar."""
    return FxRatesPublished(
        number=number,
        source="ecb",
        as_of=at,
        base="EUR",
        rates={"USD": f"{dollar / 100:.2f}", "JPY": str(yen), "KWD": f"{dinar / 1000:.3f}"},
        document_sha256=f"{number:064d}",
    )


class MoneyMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World(START)
        self.rates: Rates = fold_rates([rates(1, 108, 164, 332, START)])
        self.published = 1
        self.pricing_contexts: dict[MerchantId, PricingContext] = {}
        self.named = 0
        self.disputes: list[tuple[PaymentId, DisputeId]] = []
        self.settlement: tuple[SettlementEvent, ...] = ()

    @initialize(
        plan=st.sampled_from([FLAT, COSTLY]), rate=st.sampled_from(RefundRate), reserve=st.sampled_from([0, 500])
    )
    def agree(self, plan: FeePlan, rate: RefundRate, reserve: int) -> None:
        settlement = replace(
            DEFAULT_TERMS.settlement,
            reserve_basis_points=reserve,
            reserve_days=10,
            negative_limit_minor={OTHERS: LIMIT_MINOR},
        )
        conversion = ConversionRule(
            version="to-euro:1",
            settle_in={OTHERS: "EUR"},
            mark_up_basis_points=100,
            refund_rate=rate,
            stale_after_hours=10_000,
        )
        terms = replace(DEFAULT_TERMS, fees=plan, settlement=settlement)
        for merchant, agreed in ((HOME, terms), (ABROAD, replace(terms, conversion=conversion))):
            self.pricing_contexts[merchant] = PricingContext(
                terms=agreed, rates=self.rates, is_holiday=lambda *_: False
            )

    # what merchants and customers do

    @rule(
        merchant=st.sampled_from([HOME, ABROAD]),
        minor=st.integers(1, 100_000) | st.integers(1, 60),
        currency=st.sampled_from(CURRENCIES),
        at_once=st.booleans(),
    )
    def pay(self, merchant: MerchantId, minor: int, currency: str, at_once: bool) -> None:
        payment_id, attempt_id = PaymentId(self._name()), OperationId(self._name())
        pricing = self.pricing_contexts[merchant]
        created = create(
            CreatePayment(
                merchant_id=merchant,
                customer_id=CustomerId("cus_1"),
                amount=Money(minor, currency),
                method=CARD,
                capture_method=CaptureMethod.AUTOMATIC if at_once else CaptureMethod.MANUAL,
            )
        )
        attempt = NextAttempt(payment_id=payment_id, attempt_id=attempt_id, situation=InOrder(SIMULATOR).situation())
        started = confirm(evolve(None, created), attempt, pricing, self.world.now)
        self.world.pay(payment_id, (created, *started), merchant, pricing)
        answered = RecordAttemptOutcome(
            attempt_id=attempt_id,
            outcome=Approved("ch"),
            pricing=pricing,
            window=WINDOW,
            action_window=ACTION_WINDOW,
            next=None,
        )
        events = record_attempt_outcome(self.world.payments[payment_id], answered, self.world.now)
        self.world.pay(payment_id, events, merchant, pricing)

    @precondition(lambda self: self._in(Authorized, PartiallyCaptured))
    @rule(data=st.data(), tenths=st.integers(1, 10), final=st.booleans(), succeeds=st.booleans())
    def capture(self, data: st.DataObject, tenths: int, final: bool, succeeds: bool) -> None:
        payment_id = data.draw(st.sampled_from(self._in(Authorized, PartiallyCaptured)))
        payment = self.world.payments[payment_id]
        assert isinstance(payment, Authorized | PartiallyCaptured)
        merchant, capture_id = payment.terms.merchant_id, OperationId(self._name())
        amount = Money(max(1, payment.capturable.minor * tenths // 10), payment.capturable.currency)
        command = CapturePayment(capture_id=capture_id, amount=amount, final=final)
        try:
            events = capture(payment, command, self.pricing_contexts[merchant], self.world.now)
        except DomainError:
            return
        self.world.pay(payment_id, events, merchant, self.pricing_contexts[merchant])
        if not succeeds:
            self._capture_answered(payment_id, Declined("capture_declined", ""))

    @precondition(lambda self: self._in(Capturing))
    @rule(data=st.data())
    def a_capture_comes_through(self, data: st.DataObject) -> None:
        self._capture_answered(data.draw(st.sampled_from(self._in(Capturing))), Approved("cap"))

    @precondition(lambda self: self._in(PartiallyCaptured, Captured))
    @rule(data=st.data(), tenths=st.integers(1, 10))
    def refund(self, data: st.DataObject, tenths: int) -> None:
        payment_id = data.draw(st.sampled_from(self._in(PartiallyCaptured, Captured)))
        payment = self.world.payments[payment_id]
        taken = captured_funds_of(payment)
        assert taken is not None
        merchant, refund_id = terms_of(payment).merchant_id, OperationId(self._name())
        amount = Money(max(1, taken.refundable.minor * tenths // 10), taken.currency)
        command = RefundPayment(refund_id=refund_id, amount=amount, reason="returned")
        pricing = self.pricing_contexts[merchant]

        def decide(funding: Funding) -> Sequence[Event]:
            return refund(payment, command, pricing, self.world.now, source=funding.source)

        try:
            self.world.debit(payment_id, decide, merchant, pricing, beyond_limit=False)
        except DomainError:
            assert taken.refundable.minor == 0

    @precondition(lambda self: self._in(Refunding))
    @rule(
        data=st.data(),
        outcome=st.sampled_from([Approved("re"), Declined("refund_declined", ""), Unknown("no answer")]),
    )
    def a_refund_is_answered(self, data: st.DataObject, outcome: Outcome) -> None:
        payment_id = data.draw(st.sampled_from(self._in(Refunding)))
        payment = self.world.payments[payment_id]
        assert isinstance(payment, Refunding)
        merchant = terms_of(payment).merchant_id
        command = RecordRefundOutcome(refund_id=payment.refund_id, outcome=outcome)
        events = record_refund_outcome(payment, command, self.world.now)
        self.world.pay(payment_id, events, merchant, self.pricing_contexts[merchant])

    # what banks do

    @precondition(lambda self: self._taken())
    @rule(data=st.data(), tenths=st.integers(1, 15), currency=st.none() | st.sampled_from(CURRENCIES))
    def a_bank_disputes(self, data: st.DataObject, tenths: int, currency: str | None) -> None:
        """Also what was refunded, more than was taken, and in its own currency."""
        payment_id = data.draw(st.sampled_from(self._taken()))
        payment = self.world.payments[payment_id]
        taken = captured_funds_of(payment)
        assert taken is not None
        merchant, dispute_id = terms_of(payment).merchant_id, DisputeId(f"dp_{self._name()}")
        amount = Money(max(1, taken.captured.minor * tenths // 10), currency or taken.currency)
        command, pricing = (
            OpenDispute(dispute_id=dispute_id, amount=amount, reason="fraudulent"),
            self.pricing_contexts[merchant],
        )

        def decide(funding: Funding) -> Sequence[Event]:
            return open_dispute(payment, command, pricing, self.world.now, source=funding.source)

        try:
            assert self.world.debit(payment_id, decide, merchant, pricing, beyond_limit=True)
        except DomainError:
            # It depends on the refund that is on its way, and will be told again.
            assert isinstance(payment, Refunding)
            return
        self.disputes.append((payment_id, dispute_id))

    @precondition(lambda self: self.disputes)
    @rule(data=st.data(), result=st.sampled_from(DisputeResult))
    def a_bank_rules(self, data: st.DataObject, result: DisputeResult) -> None:
        """The first time, again, or otherwise than before."""
        payment_id, dispute_id = data.draw(st.sampled_from(self.disputes))
        payment = self.world.payments[payment_id]
        merchant, command = terms_of(payment).merchant_id, CloseDispute(dispute_id=dispute_id, result=result)
        pricing = self.pricing_contexts[merchant]
        now = self.world.now
        try:
            if not self.world.attempt(
                lambda: self.world.pay(payment_id, close_dispute(payment, command, now), merchant, pricing)
            ):
                events = close_dispute(payment, command, now, debt_is_paid=True)
                self.world.pay(payment_id, events, merchant, pricing)
        except ReversedBefore:
            assert result is DisputeResult.WON

    @precondition(lambda self: self.disputes)
    @rule(data=st.data(), tenths=st.integers(1, 20))
    def a_bank_disputes_more_or_less(self, data: st.DataObject, tenths: int) -> None:
        payment_id, dispute, merchant = self._disputed(data)
        payment, pricing, now = self.world.payments[payment_id], self.pricing_contexts[merchant], self.world.now
        amount = Money(max(1, dispute.claim.disputed.minor * tenths // 10), dispute.claim.disputed.currency)
        command = AmendDispute(dispute_id=dispute.dispute_id, amount=amount)

        def decide(funding: Funding) -> Sequence[Event]:
            return amend_dispute(
                payment, command, pricing, now, source=funding.source, debt_is_paid=funding.debt_is_paid
            )

        try:
            self.world.debit(payment_id, decide, merchant, pricing, beyond_limit=True)
        except DomainError:
            assert isinstance(payment, Refunding)

    @precondition(lambda self: self.disputes)
    @rule(data=st.data(), tenths=st.integers(1, 9))
    def a_bank_rules_in_part(self, data: st.DataObject, tenths: int) -> None:
        """Of a dispute that is open, or after it was lost."""
        payment_id, dispute, merchant = self._disputed(data)
        payment, pricing, now = self.world.payments[payment_id], self.pricing_contexts[merchant], self.world.now
        disputed = dispute.claim.disputed
        lost = Money(max(1, disputed.minor * tenths // 10), disputed.currency)

        def ruled(*, debt_is_paid: bool) -> tuple[PaymentEvent, ...]:
            if dispute.result is DisputeResult.LOST:
                reversing = ReverseInPart(dispute_id=dispute.dispute_id, lost=lost)
                return reverse_in_part(payment, reversing, now, debt_is_paid=debt_is_paid)
            amending = AmendDispute(dispute_id=dispute.dispute_id, amount=lost)
            amended = amend_dispute(payment, amending, pricing, now, debt_is_paid=debt_is_paid)
            after = evolve(payment, amended[0]) if amended else payment
            closing = CloseDispute(dispute_id=dispute.dispute_id, result=DisputeResult.LOST)
            return (*amended, *close_dispute(after, closing, now))

        try:
            if not self.world.attempt(lambda: self.world.pay(payment_id, ruled(debt_is_paid=False), merchant, pricing)):
                self.world.pay(payment_id, ruled(debt_is_paid=True), merchant, pricing)
        except ReversedBefore:
            assert dispute.reversed_in_part

    def _disputed(self, data: st.DataObject) -> tuple[PaymentId, Dispute, MerchantId]:
        payment_id, dispute_id = data.draw(st.sampled_from(self.disputes))
        payment = self.world.payments[payment_id]
        taken = captured_funds_of(payment)
        dispute = None if taken is None else taken.dispute(dispute_id)
        assert dispute is not None
        return payment_id, dispute, terms_of(payment).merchant_id

    # what providers do without us

    @precondition(lambda self: self._charged())
    @rule(
        data=st.data(),
        kind=st.sampled_from([OperationKind.CAPTURE, OperationKind.VOID, OperationKind.REFUND, OperationKind.REFUND]),
        tenths=st.integers(1, 15),
        again=st.booleans(),
        final=st.booleans(),
    )
    def something_is_done_at_the_provider(
        self, data: st.DataObject, kind: OperationKind, tenths: int, again: bool, final: bool
    ) -> None:
        """Of whatever amount; or it is told of once more. Only what has to be known before has it wait."""
        payment_id = data.draw(st.sampled_from(self._charged()))
        payment = self.world.payments[payment_id]
        merchant, whole = terms_of(payment).merchant_id, terms_of(payment).amount
        operations, pricing = operations_of(self.world.payment_events(payment_id)), self.pricing_contexts[merchant]
        told = [each.own_reference for each in operations.values() if each.adopted and each.kind is kind]
        command = AdoptOperation(
            kind=kind,
            provider=SIMULATOR,
            reference=told[-1] if again and told and told[-1] else str(self._name()),
            amount=Money(max(1, whole.minor * tenths // 10), whole.currency),
            reason="in the dashboard",
            final=final,
        )

        def decide(funding: Funding) -> Sequence[Event]:
            return adopt(payment, operations, command, pricing, self.world.now, source=funding.source)

        try:
            assert self.world.debit(payment_id, decide, merchant, pricing, beyond_limit=True)
        except OperationDiffers:
            assert again
        except DomainError:
            may_be_ours = isinstance(payment, Capturing | Refunding)
            assert may_be_ours or kind is OperationKind.VOID or captured_funds_of(payment) is None

    @precondition(lambda self: self._refunded())
    @rule(data=st.data())
    def a_refund_fails_later(self, data: st.DataObject) -> None:
        payment_id, refund_id = data.draw(st.sampled_from(self._refunded()))
        payment, now = self.world.payments[payment_id], self.world.now
        merchant = terms_of(payment).merchant_id
        command = ReverseRefund(refund_id=refund_id, reference="re", code="refund_declined", message="")
        pricing = self.pricing_contexts[merchant]
        if not self.world.attempt(
            lambda: self.world.pay(payment_id, reverse_refund(payment, command, now), merchant, pricing)
        ):
            events = reverse_refund(payment, command, now, debt_is_paid=True)
            self.world.pay(payment_id, events, merchant, pricing)
        assert (payment_id, refund_id) not in self._refunded()

    # what providers settle

    @precondition(lambda self: self._taken())
    @rule(data=st.data(), dear=st.booleans())
    def the_provider_settles(self, data: st.DataObject, dear: bool) -> None:
        """Whatever of a payment it has not settled yet, at a cost below or above what was estimated."""
        payment_id = data.draw(st.sampled_from(self._taken()))
        payment = self.world.payments[payment_id]
        merchant = terms_of(payment).merchant_id
        for movement in movements_of(self.world.payment_events(payment_id)).values():
            cost_minor = abs(movement.gross.minor) * (4 if dear else 1) // 100
            command = SettleMovement(
                provider=SIMULATOR,
                settlement_id="set_1",
                bank=BANK,
                movement=movement.kind,
                movement_id=movement.movement_id,
                gross=movement.gross,
                cost=movement.settled.cost if movement.settled else ProviderCost(interchange_minor=cost_minor),
            )
            self._settled(payment_id, merchant, command)

    @rule(
        kind=st.sampled_from(ItemKind),
        minor=st.integers(-5_000, 5_000),
        cost=st.integers(-20, 20),
        currency=st.sampled_from(CURRENCIES),
        number=st.integers(1, 5),
    )
    def the_provider_settles_what_is_no_movement(
        self, kind: ItemKind, minor: int, cost: int, currency: str, number: int
    ) -> None:
        """Once, and the same row again, or with another amount, which is refused."""
        item = BookItem(
            kind=kind,
            reference=f"row_{number}",
            gross=Money(minor, currency),
            cost=ProviderCost(other_minor=cost),
        )
        before = fold_settlement(self.settlement)
        received = ReceiveSettlement(
            provider=SIMULATOR, settlement_id="set_1", bank=BANK, currency="EUR", paid_at=START, total=zero("EUR")
        )
        try:
            events: tuple[SettlementEvent, ...] = receive(before, received)
            settlement = fold_settlement((*self.settlement, *events))
            assert settlement is not None
            events += book_item(settlement, item)
        except ItemDiffers:
            return
        stream = settlement_stream(SIMULATOR, "set_1")
        self.world.append(stream, events, PLATFORM, self.pricing_contexts[HOME])
        self.settlement += events

    def _settled(self, payment_id: PaymentId, merchant: MerchantId, command: SettleMovement) -> None:
        payment, pricing = self.world.payments[payment_id], self.pricing_contexts[merchant]
        movements = movements_of(self.world.payment_events(payment_id))

        def append(source: DebitSource) -> None:
            events = settle_movement(payment, movements, command, PLANS.get, source=source)
            self.world.pay(payment_id, events, merchant, pricing)

        if not self.world.attempt(lambda: append(DebitSource.AVAILABLE)):
            append(DebitSource.OWED)

    # what time brings

    @rule(days=st.sampled_from([-1, -0.01, 0.5, 1, 2, 5, 12]))
    def time_passes(self, days: float) -> None:
        """Or a process goes by another clock, which is behind."""
        self.world.pass_time(days)

    @rule()
    def what_is_due_is_released(self) -> None:
        for released in self.world.release_due(self.pricing_contexts[HOME]):
            currency = released.amount.currency
            paid_up = self.world.balance(owed(released.merchant_id), currency) == 0
            assert paid_up or released.collected == released.amount, "who owes us is not given anything"
        assert not list(self.world.release_due(self.pricing_contexts[HOME])), "all of it at once"

    @rule(
        merchant=st.sampled_from([HOME, ABROAD]),
        currency=st.sampled_from(CURRENCIES),
        amounts=st.lists(st.integers(1, 20_000), min_size=1, max_size=4),
    )
    def a_day_goes_well(self, merchant: MerchantId, currency: str, amounts: list[int]) -> None:
        """Some is captured, and becomes available."""
        for minor in amounts:
            self.pay(merchant, minor, currency, at_once=True)
        self.time_passes(5)
        self.what_is_due_is_released()

    @rule(dollar=st.integers(90, 130), yen=st.integers(120, 190), dinar=st.integers(300, 360))
    def rates_are_published(self, dollar: int, yen: int, dinar: int) -> None:
        self.published += 1
        self.rates = fold_rates([rates(self.published, dollar, yen, dinar, self.world.now)], self.rates)
        self.pricing_contexts = {
            merchant: replace(pricing, rates=self.rates) for merchant, pricing in self.pricing_contexts.items()
        }

    @rule(
        merchant=st.sampled_from([HOME, ABROAD]),
        plan=st.sampled_from([FLAT, COSTLY]),
        business_days=st.integers(0, 3),
        reserve=st.sampled_from([0, 500, 10_000]),
        settled_in=st.none() | st.sampled_from(CURRENCIES),
        mark_up=st.sampled_from([0, 100, 10_000]),
        refund_rate=st.sampled_from(RefundRate),
        beyond_budget=st.sampled_from(BeyondBudget),
    )
    def other_terms_are_agreed(
        self,
        merchant: MerchantId,
        plan: FeePlan,
        business_days: int,
        reserve: int,
        settled_in: str | None,
        mark_up: int,
        refund_rate: RefundRate,
        beyond_budget: BeyondBudget,
    ) -> None:
        """Also between two captures of a payment, or between what was asked for and what became of it."""
        pricing = self.pricing_contexts[merchant]
        conversion = ConversionRule(
            version="other:1",
            settle_in={} if settled_in is None else {OTHERS: settled_in},
            mark_up_basis_points=mark_up,
            refund_rate=refund_rate,
            stale_after_hours=10_000,
        )
        settlement = replace(
            pricing.terms.settlement,
            business_days=business_days,
            reserve_basis_points=reserve,
            beyond_budget=beyond_budget,
        )
        terms = replace(pricing.terms, fees=plan, settlement=settlement, conversion=conversion)
        self.pricing_contexts[merchant] = replace(pricing, terms=terms)

    # what is paid out

    @rule(merchant=st.sampled_from([HOME, ABROAD]), currency=st.sampled_from(CURRENCIES), tenths=st.integers(1, 12))
    def pay_out(self, merchant: MerchantId, currency: str, tenths: int) -> None:
        """Also more than there is, which is refused."""
        held_minor = self.world.balance(available(merchant), currency)
        amount = Money(max(1, held_minor * tenths // 10), currency)
        account = Account(
            merchant_id=merchant,
            holder_name="Books Ltd",
            currency=currency,
            country="DE",
            details=Iban(iban="DE89370400440532013000"),
        )
        command = CreatePayout(
            merchant_id=merchant,
            amount=amount,
            bank_account_id=BankAccountId(self._name()),
            trigger=PayoutTrigger.REQUESTED,
        )
        events = create_payout(command, Usable(account), self.pricing_contexts[merchant].terms.payouts)
        taken = self.world.attempt(
            lambda: self.world.payout(PayoutId(self._name()), events, merchant, self.pricing_contexts[merchant])
        )
        assert taken == (amount.minor <= held_minor)

    @precondition(lambda self: self.world.payouts)
    @rule(data=st.data(), outcome=st.sampled_from(ReportedOutcome), canceled=st.booleans())
    def a_payout_moves_on(self, data: st.DataObject, outcome: ReportedOutcome, canceled: bool) -> None:
        payout_id = data.draw(st.sampled_from(sorted(self.world.payouts)))
        payout = self.world.payouts[payout_id]
        merchant = payout.order.merchant_id
        try:
            match payout:
                case Ready() | Held() if canceled:
                    events = cancel(payout, "by the merchant")
                case Ready():
                    events = batch(payout, payout_id, BatchId(self._name()), self.world.now.date())
                case _:
                    told = ReportPayout(bank=BANK, report_id=end_to_end_id_for(payout_id), outcome=outcome, code=None)
                    events = report(payout, told)
        except DomainError:
            return
        self.world.payout(payout_id, events, merchant, self.pricing_contexts[merchant])

    # what always holds

    @invariant()
    def debits_equal_credits(self) -> None:
        assert not any(trial_balance(self.world.balances).values())

    @invariant()
    def no_limit_is_broken(self) -> None:
        assert self.world.limits_broken(LIMIT_MINOR) == []

    @invariant()
    def nobody_is_paid_back_more_than_was_taken(self) -> None:
        for payment in self.world.payments.values():
            taken = captured_funds_of(payment)
            if taken is not None:
                on_its_way = payment.amount if isinstance(payment, Refunding) else zero(taken.currency)
                assert taken.refundable - on_its_way >= zero(taken.currency)

    @invariant()
    def our_revenue_is_the_fees_that_were_charged(self) -> None:
        fees: Counter[str] = Counter()
        for event in self.world.events():
            match event:
                case PaymentCaptured(proceeds=proceeds):
                    fees[proceeds.gross.currency] += proceeds.fee.minor
                case PaymentRefunded(debit=debit) | DisputeOpened(claim=Claim(debit=debit)):
                    if debit.fee is not None:
                        fees[debit.settled.currency] += debit.fee.amount.minor
                case RefundReversed(debit=debit):
                    if debit.fee is not None:
                        fees[debit.settled.currency] -= debit.fee.amount.minor
                case MovementSettled(true_up=true_up):
                    fees[true_up.currency] += true_up.minor
                case _:
                    pass
        self._assert_balances(platform_fees(), fees)

    @invariant()
    def providers_owe_us_what_they_took_and_have_not_paid(self) -> None:
        clearing: Counter[str] = Counter()
        for event in self.world.events():
            match event:
                case PaymentCaptured(amount=amount) | RefundReversed(amount=amount) | DisputeReversed(disputed=amount):
                    clearing[amount.currency] += amount.minor
                case PaymentRefunded(amount=amount) | DisputeLost(disputed=amount):
                    clearing[amount.currency] -= amount.minor
                case MovementSettled(gross=gross):
                    clearing[gross.currency] -= gross.minor
                case _:
                    pass
        self._assert_balances(psp_clearing(SIMULATOR), clearing)

    @invariant()
    def what_is_frozen_belongs_to_disputes_refunds_and_reserves(self) -> None:
        for merchant in (HOME, ABROAD):
            frozen: Counter[str] = Counter()
            for payment in self.world.payments.values():
                taken = captured_funds_of(payment)
                if taken is None or terms_of(payment).merchant_id != merchant:
                    continue
                for dispute in taken.disputes:
                    excess = dispute.claim.excess
                    if dispute.result is None:
                        frozen[dispute.debit.settled.currency] += dispute.debit.settled.minor
                        if excess is not None and excess.borne_by is BeyondBudget.OWED:
                            frozen[excess.settled.currency] += excess.settled.minor
                if isinstance(payment, Refunding) and payment.debit is not None:
                    frozen[payment.debit.total.currency] += payment.debit.total.minor
            for key, minor in self.world.balances.items():
                if is_lot(key.account) and key.account.startswith(held(merchant)):
                    frozen[key.currency] += minor
            self._assert_balances(held(merchant), frozen)

    @invariant()
    def our_losses_are_what_was_lost_beyond_budgets_and_provided_for_what_may_be(self) -> None:
        losses: Counter[str] = Counter()
        provisions: Counter[str] = Counter()
        for payment in self.world.payments.values():
            taken = captured_funds_of(payment)
            for dispute in () if taken is None else taken.disputes:
                excess = dispute.claim.excess
                if dispute.result is DisputeResult.WON or excess is None or excess.borne_by is BeyondBudget.OWED:
                    continue
                losses[excess.settled.currency] += excess.settled.minor
                if dispute.result is None:
                    provisions[excess.settled.currency] += excess.settled.minor
            for excess in () if taken is None else (each.excess for each in taken.refunds if each.stands):
                if excess is not None and excess.borne_by is BeyondBudget.LOSSES:
                    losses[excess.settled.currency] += excess.settled.minor
        self._assert_balances(platform_losses(), losses)
        self._assert_balances(platform_provisions(), provisions)

    @invariant()
    def what_is_on_its_way_belongs_to_open_payouts(self) -> None:
        for merchant in (HOME, ABROAD):
            moving: Counter[str] = Counter()
            for payout in self.world.payouts.values():
                if payout.order.merchant_id == merchant and isinstance(payout, Held | Ready | Batched | Sent):
                    moving[payout.order.amount.currency] += payout.order.amount.minor
            self._assert_balances(in_transit(merchant), moving)

    @invariant()
    def our_bank_account_is_what_was_settled_less_what_was_paid_out(self) -> None:
        money: Counter[str] = Counter()
        costs: Counter[str] = Counter()
        aside: dict[ItemKind, Counter[str]] = {kind: Counter() for kind in ItemKind}
        for event in self.world.events():
            match event:
                case PayoutPaid(amount=amount):
                    money[amount.currency] -= amount.minor
                case PayoutReturned(amount=amount):
                    money[amount.currency] += amount.minor
                case MovementSettled(gross=gross, cost=cost):
                    money[gross.currency] += gross.minor - cost.total_minor
                    costs[gross.currency] += cost.total_minor
                case SettlementItemBooked(kind=kind, gross=gross, cost=cost):
                    money[gross.currency] += gross.minor - cost.total_minor
                    is_fee = kind in (ItemKind.FEE, ItemKind.DISPUTE_FEE)
                    costs[gross.currency] += cost.total_minor - (gross.minor if is_fee else 0)
                    if not is_fee:
                        aside[kind][gross.currency] -= gross.minor
                case _:
                    pass
        self._assert_balances(bank(BANK), money)
        self._assert_balances(psp_fees(SIMULATOR), costs)
        self._assert_balances(psp_reserve(SIMULATOR), aside[ItemKind.RESERVE])
        self._assert_balances(suspense(SIMULATOR), aside[ItemKind.ADJUSTMENT])

    @invariant()
    def no_rounding_of_a_conversion_has_cost_us_anything(self) -> None:
        assert all(self.world.balance(fx_residue(), currency) >= 0 for currency in CURRENCIES)

    @invariant()
    def what_was_given_back_at_the_captures_rate_comes_to_what_the_captures_brought(self) -> None:
        """Of a payment that was given back whole: in its own currency, of the mark-up and for the merchant."""
        for payment in self.world.payments.values():
            taken = captured_funds_of(payment)
            if taken is None or taken.refundable.minor or isinstance(payment, Refunding | Capturing):
                continue
            brought = [capture.proceeds.conversion for capture in taken.captures]
            standing = [refund for refund in taken.refunds if refund.stands]
            if any(refund.excess is not None for refund in standing):
                continue
            back = [refund.debit.conversion for refund in standing]
            back += [each.debit.conversion for each in taken.disputes if each.result is not DisputeResult.WON]
            if any(refund.debit.rate is RefundRate.CURRENT for refund in standing):
                continue
            for part in ("amount", "mark_up", "settled"):
                assert _summed(brought, part) == _summed(back, part), part

    def teardown(self) -> None:
        """The read models and the audit say the same as what was appended."""
        self._the_statement_says_what_we_owe()
        self._every_event_has_its_entry()

    # how

    def _the_statement_says_what_we_owe(self) -> None:
        shown = fold(MERCHANT_BALANCES, {}, self.world.store)
        lines = fold(JOURNAL_LINES, {}, self.world.store).values()
        stated: Counter[tuple[str, str]] = Counter()
        for line in lines:
            stated[line.account, line.currency] += sum(line.signed_minor)
        for row in shown.values():
            for bucket in ("authorized", "pending", "available", "held", "in_transit"):
                code = AccountCode(f"merchant:{row.merchant_id}:{bucket}")
                kept = self.world.balance(code, row.currency)
                assert getattr(row, bucket) == kept == -stated[code, row.currency]

    def _every_event_has_its_entry(self) -> None:
        causes = Causes(expected={}, found={})
        for positioned in self.world.store:
            data = positioned.event.data
            if isinstance(data, JournalEntryPosted | MoneyEvent):
                event = positioned.event
                causes.take_in(positioned.position, event.originator_id, event.originator_version, data)
        assert causes.first_difference() is None

    def _assert_balances(self, code: AccountCode, expected: Counter[str]) -> None:
        kept = {currency: self.world.balances.get(BalanceKey(code, currency), 0) for currency in CURRENCIES}
        assert kept == {currency: expected[currency] for currency in CURRENCIES}, code

    def _capture_answered(self, payment_id: PaymentId, outcome: Outcome) -> None:
        payment = self.world.payments[payment_id]
        assert isinstance(payment, Capturing)
        merchant = terms_of(payment).merchant_id
        command = RecordCaptureOutcome(
            capture_id=payment.capture_id, outcome=outcome, pricing=self.pricing_contexts[merchant]
        )
        events: Sequence[PaymentEvent] = record_capture_outcome(payment, command, self.world.now)
        self.world.pay(payment_id, events, merchant, self.pricing_contexts[merchant])

    def _charged(self) -> list[PaymentId]:
        return [id for id, payment in self.world.payments.items() if is_authorized(payment)]

    def _refunded(self) -> list[tuple[PaymentId, OperationId]]:
        """The refunds that stand."""
        all_taken = ((id, captured_funds_of(payment)) for id, payment in self.world.payments.items())
        return [(id, each.refund_id) for id, taken in all_taken if taken for each in taken.refunds if each.stands]

    def _in(self, *stages: type) -> list[PaymentId]:
        return [id for id, payment in self.world.payments.items() if isinstance(payment, stages)]

    def _taken(self) -> list[PaymentId]:
        return [id for id, payment in self.world.payments.items() if captured_funds_of(payment) is not None]

    def _name(self) -> UUID:
        self.named += 1
        return uuid5(NAMES, str(self.named))


def _summed(conversions: Iterable[Conversion | None], part: str) -> int:
    return sum(getattr(each, part).minor for each in conversions if each is not None)


TestMoney = MoneyMachine.TestCase
TestMoney.settings = settings(max_examples=EXAMPLES, stateful_step_count=STEPS)
