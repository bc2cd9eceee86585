"""The language of the domain tests: payments with a history, and given – when – then over the real decisions."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.errors import DomainError
from domain.fx.rates import Rates, RateSet
from domain.identifiers import CustomerId, DisputeId, MerchantId, OperationId, PaymentId, ProviderName
from domain.money.currencies import DECIMALS
from domain.money.money import AMOUNT_MINOR_MAX, Money, parse_decimal, zero
from domain.payment.abandon import abandon
from domain.payment.action_window import ActionWindow
from domain.payment.adopt import AdoptOperation, adopt
from domain.payment.authorization_window import AuthorizationWindow
from domain.payment.cancel import CancelPayment, cancel
from domain.payment.capture import CapturePayment, RecordCaptureOutcome, capture, record_capture_outcome
from domain.payment.confirm import NextAttempt, RecordAttemptOutcome, confirm, record_attempt_outcome
from domain.payment.create import CreatePayment, create
from domain.payment.debit import DebitSource
from domain.payment.dispute import (
    AmendDispute,
    CloseDispute,
    OpenDispute,
    ReverseInPart,
    amend_dispute,
    close_dispute,
    open_dispute,
    reverse_in_part,
)
from domain.payment.doubt import RecoveryPolicy, doubt
from domain.payment.events import CaptureMethod, OperationKind, PaymentEvent
from domain.payment.evolve import fold
from domain.payment.expire import expire
from domain.payment.method import CardBrand, MethodType, PaymentMethod
from domain.payment.outcome import (
    ActionRequired,
    Approved,
    Collect,
    Declined,
    NextAction,
    Outcome,
    Redirect,
    Refusal,
    Rejected,
    Transfer,
    Unavailable,
    Unknown,
)
from domain.payment.proceeds import Claim, Drawn, Excess, LotShare, MerchantDebit, Proceeds, from_lots
from domain.payment.progress import operations_of
from domain.payment.refund import RecordRefundOutcome, RefundPayment, record_refund_outcome, refund
from domain.payment.reverse_refund import ReverseRefund, reverse_refund
from domain.payment.review import HoldForReview, RejectReview, hold_for_review, reject_review
from domain.payment.state import DisputeResult, InFlight, Payment, authorization_of, is_authorized
from domain.payment.status import Status, status_of
from domain.payment.void import RecordVoidOutcome, VoidPayment, record_void_outcome, void
from domain.routing.candidate import Strategy
from domain.routing.capabilities import Capabilities
from domain.routing.policy import Choice, Retry, RoutingPolicy
from domain.routing.route import Figures, Situation
from domain.terms.amounts import OTHERS
from domain.terms.conversion import ConversionRule, RefundRate
from domain.terms.fee import Fee, FeeKind
from domain.terms.fee_plan import Blended, FeePlan
from domain.terms.pricing_context import PricingContext
from domain.terms.settlement import BeyondBudget
from domain.terms.terms import DEFAULT_TERMS

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FEES = FeePlan(version="fees-2026-11", default=Blended(basis_points=290, fixed_minor={OTHERS: 30}))
BASIS = PricingContext(
    terms=replace(DEFAULT_TERMS, fees=FEES), rates=Rates(), is_holiday=lambda _calendar, day: day.weekday() >= 5
)
"""Of a merchant who pays 2.9 % and 0.30, is settled in the currency of the payment, and gets it after two days."""
NO_FEES = FeePlan(version="none", default=Blended(basis_points=0))
DUE = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
"""When what is captured NOW, a Friday, becomes available."""
RATES = Rates(
    (
        RateSet(
            source="test",
            number=1,
            as_of=NOW,
            base="EUR",
            rates={"USD": "1.0850", "JPY": "163.80", "KWD": "0.3330"},
            document_sha256="",
        ),
    )
)
WINDOW = AuthorizationWindow(version="window-2026-11", days=7)
ACQUIRER = ProviderName("northbank")
SECOND = ProviderName("southbank")
THIRD = ProviderName("westbank")
ACTION_WINDOW = ActionWindow(version="action-2026-11", minutes=dict.fromkeys(MethodType, 30))
RECOVERY = RecoveryPolicy(version="recovery-2026-11", in_doubt_after_s=3_600)
TRY_AGAIN = Declined("try_again_later", "The issuer could not be reached.")
PAYMENT = PaymentId(UUID(int=1_000))
LAPSED = NOW + timedelta(days=7)
"""The first instant at which the authorisation of an attempt started at NOW no longer holds."""
ABANDONED = NOW + timedelta(minutes=30)
"""The first instant at which a customer who was asked at NOW has not acted in time."""
MERCHANT = MerchantId("mer_acme")
DISPUTE, OTHER_DISPUTE = DisputeId("dp_1"), DisputeId("dp_2")
CARD = PaymentMethod(MethodType.CARD, "tok_visa")

APPROVED = Approved("ch_1")
ACTION_REQUIRED = ActionRequired("ch_1", Redirect("https://acs.example/challenge"))
DECLINED = Declined("insufficient_funds", "The card has insufficient funds.")
REJECTED = Rejected("unknown_token", "No such token.")
UNAVAILABLE = Unavailable("connection refused")
UNKNOWN = Unknown("no answer in 10 s")
REFUSALS: tuple[Refusal, ...] = (DECLINED, REJECTED, UNAVAILABLE)

History = tuple[PaymentEvent, ...]
Decision = Callable[[Payment], History]


def situation(
    *providers: ProviderName, attempts_max: int = 3, total_s_max: int = 30, open_circuits: Collection[str] = ()
) -> Situation:
    """`providers` in this order of preference, each able to do everything."""
    return Situation(
        policy=RoutingPolicy(
            version="routing-2026-11",
            rules=(),
            default=Choice(strategy=Strategy.PRIORITY, providers=providers),
            costs={},
            retry=Retry(soft_declines=frozenset({TRY_AGAIN.code}), attempts_max=attempts_max, total_s_max=total_s_max),
        ),
        capabilities=dict.fromkeys(providers, Capabilities(methods=frozenset(MethodType))),
        figures={provider: Figures(open_circuit=True) for provider in providers if provider in open_circuits},
        holds=lambda _condition, _facts: False,
    )


def attempt_next(id: OperationId, *providers: ProviderName, within: Situation | None = None) -> NextAttempt:
    """An attempt under `id` by one of `providers`, ACQUIRER alone when none is named, or as `within` has it."""
    return NextAttempt(payment_id=PAYMENT, attempt_id=id, situation=within or situation(*(providers or (ACQUIRER,))))


def eur(text: str) -> Money:
    return parse_decimal(text, "EUR")


def usd(text: str) -> Money:
    return parse_decimal(text, "USD")


def jpy(text: str) -> Money:
    return parse_decimal(text, "JPY")


HUNDRED, FORTY, THIRTY = eur("100.00"), eur("40.00"), eur("30.00")


def operation(number: int) -> OperationId:
    """The `number`th operation id of a test."""
    return OperationId(UUID(int=number))


ATTEMPT, CAPTURE, VOID, REFUND, STRANGER, NEXT, THEN = (operation(number) for number in range(1, 8))


# what it comes to


def agreed(
    *,
    pricing: PricingContext = BASIS,
    fees: FeePlan | None = None,
    settle_in: str | None = None,
    mark_up_basis_points: int = 0,
    refund_rate: RefundRate = RefundRate.ORIGINAL,
    reserve_basis_points: int = 0,
    negative_limit_minor: int | None = None,
    beyond_budget: BeyondBudget = BeyondBudget.OWED,
    rates: Rates = RATES,
) -> PricingContext:
    """`pricing`, but for what else is agreed; all currencies are converted to `settle_in`."""
    terms = pricing.terms
    conversion = ConversionRule(
        version="conversion-any",
        settle_in={} if settle_in is None else {OTHERS: settle_in},
        mark_up_basis_points=mark_up_basis_points,
        refund_rate=refund_rate,
        stale_after_hours=1_000,
    )
    settlement = replace(
        terms.settlement, reserve_basis_points=reserve_basis_points, reserve_days=90, beyond_budget=beyond_budget
    )
    if negative_limit_minor is not None:
        settlement = replace(settlement, negative_limit_minor={OTHERS: negative_limit_minor})
    return replace(
        pricing,
        terms=replace(terms, fees=fees or terms.fees, settlement=settlement, conversion=conversion),
        rates=rates,
    )


def brought(gross: Money, *, fee: Money | None = None, due: datetime | None = DUE) -> Proceeds:
    """What a capture brought: unconverted, nothing kept back but `fee`."""
    charged = None if fee is None else Fee(kind=FeeKind.PROCESSING, amount=fee, plan=FEES.version, rule="default")
    return Proceeds(
        gross=gross,
        conversion=None,
        fees=() if charged is None else (charged,),
        reserve=zero(gross.currency),
        due=due,
        reserve_due=None,
        settlement_rule=BASIS.terms.settlement.version,
    )


def from_lot(amount: Money, due: datetime | None = DUE) -> Drawn:
    return from_lots([LotShare(due, amount)], amount.currency)


def debited(settled: Money, *, drawn: Drawn | None = None) -> MerchantDebit:
    """What a refund or dispute takes: unconverted, for nothing, and from the lot of the day unless `drawn` says."""
    return MerchantDebit(settled=settled, conversion=None, rate=None, fee=None, drawn=drawn or from_lot(settled))


def claimed(amount: Money, *, debit: MerchantDebit | None = None, excess: Excess | None = None) -> Claim:
    """A claim in the payment's currency, of which its budget carries `amount`."""
    return Claim(
        disputed=amount if excess is None else amount + excess.amount,
        exchange=None,
        amount=amount,
        debit=debit or debited(amount),
        excess=excess,
    )


def beyond(amount: Money, borne_by: BeyondBudget = BeyondBudget.OWED) -> Excess:
    """An excess that was not converted."""
    return Excess(
        amount=amount,
        settled=amount,
        conversion=None,
        borne_by=borne_by,
        settlement_rule=BASIS.terms.settlement.version,
    )


# given: a payment that has come this far


def payment_of(history: History) -> Payment:
    """The payment after `history`."""
    payment = fold(history)
    assert payment is not None, "a payment needs at least its first event"
    return payment


def then_(history: History, decision: Decision) -> History:
    """`history`, and what `decision` makes of it."""
    return history + decision(payment_of(history))


def created(amount: Money = HUNDRED, method: CaptureMethod = CaptureMethod.MANUAL) -> History:
    command = CreatePayment(
        merchant_id=MERCHANT, customer_id=CustomerId("cus_1"), amount=amount, method=CARD, capture_method=method
    )
    return (create(command),)


def in_review(amount: Money = HUNDRED) -> History:
    return then_(created(amount), held_for_review())


def processing(amount: Money = HUNDRED, method: CaptureMethod = CaptureMethod.MANUAL) -> History:
    return then_(created(amount, method), confirmed())


def requires_action(amount: Money = HUNDRED, method: CaptureMethod = CaptureMethod.MANUAL) -> History:
    return then_(processing(amount, method), attempt_answered(ACTION_REQUIRED))


def fallen_back(amount: Money = HUNDRED, method: CaptureMethod = CaptureMethod.MANUAL) -> History:
    """Declined by ACQUIRER for now, and on its way at SECOND."""
    return then_(processing(amount, method), attempt_answered(TRY_AGAIN, ACQUIRER, SECOND))


def rerouting(amount: Money = HUNDRED) -> History:
    """Cut off between two attempts: no history in the store ends here."""
    return fallen_back(amount)[:-2]


def authorized(amount: Money = HUNDRED) -> History:
    return then_(processing(amount), attempt_answered(APPROVED))


def partially_captured(taken: Money = FORTY, *, of: Money = HUNDRED) -> History:
    return capture_taken(authorized(of), taken, final=False)


def captured(amount: Money = HUNDRED, *, pricing: PricingContext = BASIS) -> History:
    return capture_taken(authorized(amount), amount, pricing=pricing)


def capturing(amount: Money = FORTY, *, of: Money = HUNDRED, final: bool = True) -> History:
    return then_(authorized(of), captures(amount, final=final))


def voiding(amount: Money = HUNDRED) -> History:
    return then_(authorized(amount), voids())


def refunding(amount: Money = THIRTY, *, of: Money = HUNDRED) -> History:
    return then_(captured(of), refunds(amount))


def refunded(amount: Money = THIRTY, *, of: Money = HUNDRED) -> History:
    return then_(refunding(amount, of=of), refund_answered(APPROVED))


def disputed(amount: Money = HUNDRED, *, of: Money = HUNDRED) -> History:
    return then_(captured(of), disputes(amount))


def dispute_closed(result: DisputeResult, amount: Money = HUNDRED, *, of: Money = HUNDRED) -> History:
    return then_(disputed(amount, of=of), ruled(result))


def voided(amount: Money = HUNDRED) -> History:
    return then_(voiding(amount), void_answered(APPROVED))


def expired(amount: Money = HUNDRED) -> History:
    return then_(authorized(amount), expires(LAPSED))


def failed(amount: Money = HUNDRED) -> History:
    return then_(processing(amount), attempt_answered(DECLINED))


def canceled() -> History:
    return then_(created(), cancels())


def capture_taken(
    history: History,
    amount: Money,
    *,
    final: bool = True,
    id: OperationId = CAPTURE,
    at: datetime = NOW,
    pricing: PricingContext = BASIS,
) -> History:
    started = then_(history, captures(amount, final=final, id=id, at=at))
    return then_(started, capture_answered(APPROVED, id=id, at=at, pricing=pricing))


# when: the verbs, with everything that a test does not care about filled in


def held_for_review(reason: str = "velocity") -> Decision:
    return lambda payment: hold_for_review(payment, HoldForReview(reason=reason, risk_policy="risk-1"))


def review_rejected(reason: str = "stolen card") -> Decision:
    return lambda payment: reject_review(payment, RejectReview(reason=reason))


def confirmed(
    *providers: ProviderName, id: OperationId = ATTEMPT, at: datetime = NOW, within: Situation | None = None
) -> Decision:
    return lambda payment: confirm(payment, attempt_next(id, *providers, within=within), BASIS, at)


def cancels(reason: str | None = None, *, canceled_attempt: OperationId | None = ATTEMPT) -> Decision:
    """Once the provider has canceled `canceled_attempt`."""
    return lambda payment: cancel(payment, CancelPayment(reason=reason, canceled_attempt=canceled_attempt))


def abandons(at: datetime = ABANDONED) -> Decision:
    return lambda payment: abandon(payment, at)


def doubted(*, asked_at: datetime = NOW, at: datetime = NOW) -> Decision:
    """As recovery doubts: only what is in flight."""

    def decide(payment: Payment) -> History:
        assert isinstance(payment, InFlight)
        return doubt(payment, RECOVERY, asked_at=asked_at, now=at)

    return decide


def captures(
    amount: Money | None = None, *, final: bool = True, id: OperationId = CAPTURE, at: datetime = NOW
) -> Decision:
    return lambda payment: capture(payment, CapturePayment(capture_id=id, amount=amount, final=final), BASIS, at)


def voids(id: OperationId = VOID) -> Decision:
    return lambda payment: void(payment, VoidPayment(void_id=id))


def refunds(
    amount: Money | None = None,
    *,
    id: OperationId = REFUND,
    at: datetime = NOW,
    pricing: PricingContext = BASIS,
    source: DebitSource = DebitSource.LOT,
) -> Decision:
    command = RefundPayment(refund_id=id, amount=amount, reason="requested_by_customer")
    return lambda payment: refund(payment, command, pricing, at, source=source)


def disputes(
    amount: Money,
    *,
    id: DisputeId = DISPUTE,
    at: datetime = NOW,
    pricing: PricingContext = BASIS,
    source: DebitSource = DebitSource.LOT,
) -> Decision:
    command = OpenDispute(dispute_id=id, amount=amount, reason="fraudulent")
    return lambda payment: open_dispute(payment, command, pricing, at, source=source)


def ruled(
    result: DisputeResult, *, id: DisputeId = DISPUTE, at: datetime = NOW, debt_is_paid: bool = False
) -> Decision:
    command = CloseDispute(dispute_id=id, result=result)
    return lambda payment: close_dispute(payment, command, at, debt_is_paid=debt_is_paid)


def amended(
    amount: Money,
    *,
    id: DisputeId = DISPUTE,
    at: datetime = NOW,
    pricing: PricingContext = BASIS,
    source: DebitSource = DebitSource.LOT,
    debt_is_paid: bool = False,
) -> Decision:
    """The bank disputes `amount` from now on."""
    command = AmendDispute(dispute_id=id, amount=amount)
    return lambda payment: amend_dispute(payment, command, pricing, at, source=source, debt_is_paid=debt_is_paid)


def reversed_but(lost: Money, *, id: DisputeId = DISPUTE, at: datetime = NOW) -> Decision:
    """All of a chargeback that was lost comes back but `lost`."""
    return lambda payment: reverse_in_part(payment, ReverseInPart(dispute_id=id, lost=lost), at)


def expires(at: datetime = LAPSED) -> Decision:
    return lambda payment: expire(payment, at)


def attempt_answered(
    outcome: Outcome,
    *providers: ProviderName,
    id: OperationId = ATTEMPT,
    next_id: OperationId = NEXT,
    at: datetime = NOW,
    pricing: PricingContext = BASIS,
    within: Situation | None = None,
) -> Decision:
    """The answer to attempt `id`; a further one would go to `providers`, or as `within` has it, as `next_id`."""
    command = RecordAttemptOutcome(
        attempt_id=id,
        outcome=outcome,
        pricing=pricing,
        window=WINDOW,
        action_window=ACTION_WINDOW,
        next=attempt_next(next_id, *providers, within=within),
    )
    return lambda payment: record_attempt_outcome(payment, command, at)


def capture_answered(
    outcome: Outcome, *, id: OperationId = CAPTURE, at: datetime = NOW, pricing: PricingContext = BASIS
) -> Decision:
    command = RecordCaptureOutcome(capture_id=id, outcome=outcome, pricing=pricing)
    return lambda payment: record_capture_outcome(payment, command, at)


def void_answered(outcome: Outcome, *, id: OperationId = VOID) -> Decision:
    return lambda payment: record_void_outcome(payment, RecordVoidOutcome(void_id=id, outcome=outcome))


def refund_answered(outcome: Outcome, *, id: OperationId = REFUND, at: datetime = NOW) -> Decision:
    return lambda payment: record_refund_outcome(payment, RecordRefundOutcome(refund_id=id, outcome=outcome), at)


def reverses(
    *,
    id: OperationId = REFUND,
    reference: str = "re_1",
    at: datetime = NOW,
    debt_is_paid: bool = False,
) -> Decision:
    command = ReverseRefund(refund_id=id, reference=reference, code="refund_declined", message="account closed")
    return lambda payment: reverse_refund(payment, command, at, debt_is_paid=debt_is_paid)


def adopts(
    kind: OperationKind,
    amount: Money | None,
    *,
    reference: str = "at_provider_1",
    known: History = (),
    final: bool = True,
    failed: str | None = None,
    at: datetime = NOW,
    pricing: PricingContext = BASIS,
    source: DebitSource = DebitSource.LOT,
) -> Decision:
    """Of a payment whose operations are those of the history `known`."""

    def decide(payment: Payment) -> History:
        command = AdoptOperation(
            kind=kind,
            provider=authorization_of(payment).provider if is_authorized(payment) else ACQUIRER,
            reference=reference,
            amount=amount,
            reason="by hand",
            final=final,
            failed=failed,
        )
        return adopt(payment, operations_of(known), command, pricing, at, source=source)

    return decide


# then: what came of it


@dataclass(frozen=True)
class Given:
    history: History

    def when(self, *decisions: Decision) -> "When":
        """Everything but the last decision is taken for granted; the last is what the test is about."""
        history = self.history
        for decision in decisions[:-1]:
            history = then_(history, decision)
        return When(history, decisions[-1])


@dataclass(frozen=True)
class When:
    history: History
    decision: Decision

    def then(self, *expected: PaymentEvent) -> None:
        """Exactly these events happened."""
        assert self._events() == expected

    def then_nothing(self) -> None:
        """It was neither refused nor news."""
        assert self._events() == ()

    def then_payment(self, **facts: Any) -> None:
        """The payment afterwards has these facts; a dotted path is written with two underscores."""
        payment = payment_of(self.history + self._events())
        assert {path: _fact(payment, path) for path in facts} == facts

    def then_back_at(self, history: History) -> None:
        """The payment afterwards is just what it is after `history`."""
        assert payment_of(self.history + self._events()) == payment_of(history)

    def then_stage(self, stage: type[Payment]) -> None:
        assert type(payment_of(self.history + self._events())) is stage

    def then_status(self, status: Status) -> None:
        assert status_of(payment_of(self.history + self._events())) is status

    def then_raises(self, error: type[DomainError], **facts: Any) -> None:
        """Refused with just this error, carrying these facts; a refused command leaves no event."""
        with pytest.raises(DomainError) as raised:
            self._events()
        assert type(raised.value) is error
        assert {name: getattr(raised.value, name) for name in facts} == facts

    def _events(self) -> History:
        return self.decision(payment_of(self.history))


def given(history: History) -> Given:
    return Given(history)


def _fact(payment: Payment, path: str) -> object:
    value: object = payment
    for name in path.split("__"):
        value = getattr(value, name)
    return value


# for any: strategies

currencies: st.SearchStrategy[str] = st.sampled_from(sorted(DECIMALS)) | st.sampled_from(
    # One of each number of decimals, so that 0, 3 and 4 do not drown among the many with 2.
    ["JPY", "EUR", "KWD", "CLF"]
)


def amounts(
    currency: str | None = None, *, min_minor: int = 1, max_minor: int = AMOUNT_MINOR_MAX
) -> st.SearchStrategy[Money]:
    """Money within the bounds, in `currency` or in any."""
    codes = currencies if currency is None else st.just(currency)
    # Small amounts are where rounding, zero and "all that is left" live.
    minor = st.integers(min_minor, min(max_minor, max(min_minor, 100))) | st.integers(min_minor, max_minor)
    return st.builds(Money, minor, codes)


def signed_amounts(currency: str | None = None) -> st.SearchStrategy[Money]:
    return amounts(currency, min_minor=-AMOUNT_MINOR_MAX)


fee_plans: st.SearchStrategy[FeePlan] = st.builds(
    lambda basis_points, fixed_minor: FeePlan(
        version="fees-any", default=Blended(basis_points=basis_points, fixed_minor={OTHERS: fixed_minor})
    ),
    st.integers(0, 10_000),
    st.integers(0, 500),
)
pricing_contexts: st.SearchStrategy[PricingContext] = st.builds(
    lambda plan: replace(BASIS, terms=replace(BASIS.terms, fees=plan)), fee_plans
)
texts: st.SearchStrategy[str] = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
refusals: st.SearchStrategy[Refusal] = (
    st.builds(Declined, texts | st.just(TRY_AGAIN.code), texts)
    | st.builds(Rejected, texts | st.just(TRY_AGAIN.code), texts)
    | st.builds(Unavailable, texts)
)
next_actions: st.SearchStrategy[NextAction] = (
    st.builds(Redirect, texts) | st.builds(Collect, texts) | st.builds(Transfer, texts, texts)
)
outcomes: st.SearchStrategy[Outcome] = (
    st.builds(Approved, texts) | refusals | st.builds(Unknown, texts) | st.builds(ActionRequired, texts, next_actions)
)
commands_to_create: st.SearchStrategy[CreatePayment] = st.builds(
    CreatePayment,
    merchant_id=st.builds(MerchantId, texts),
    customer_id=st.builds(CustomerId, texts),
    amount=amounts(),
    method=st.builds(
        PaymentMethod,
        st.sampled_from(MethodType),
        texts,
        brand=st.none() | st.sampled_from(CardBrand),
        country=st.none() | st.sampled_from(["DE", "IN", "AE"]),
    ),
    capture_method=st.sampled_from(CaptureMethod),
    return_url=st.none() | texts,
)
