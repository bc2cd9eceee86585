"""What refunds and disputes debit the merchant comes, over all of them, to just what the captures brought.

Properties over any captures, due on different days and converted at different rates, and any refunds and disputes of
them, approved, failed, in flight, won, lost and reversed, interleaved in any order.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from domain.errors import DomainError
from domain.fx.conversion import Conversion
from domain.fx.rates import Rates, RateSet, RateStale
from domain.identifiers import DisputeId
from domain.money.money import Money, zero
from domain.payment.debit import DebitSource, debit_for, is_pending, returned
from domain.payment.dispute_events import DisputeOpened, DisputeReversed, DisputeWon
from domain.payment.events import PaymentEvent, RefundFailed, RefundStarted
from domain.payment.proceeds import Claim, Drawn, LotShare, MerchantDebit, from_available, from_owed
from domain.payment.state import Captured, CapturedFunds, DisputeResult, PartiallyCaptured, Refunding, captured_funds_of
from domain.terms.amounts import OTHERS
from domain.terms.conversion import RefundRate
from domain.terms.fee import Fee, FeeKind
from domain.terms.fee_plan import Blended, FeePlan
from domain.terms.pricing_context import PricingContext
from tests.support.domain import (
    APPROVED,
    BASIS,
    DECLINED,
    DUE,
    HUNDRED,
    NO_FEES,
    NOW,
    Decision,
    History,
    agreed,
    authorized,
    capture_answered,
    capture_taken,
    captured,
    captures,
    debited,
    disputes,
    eur,
    from_lot,
    operation,
    payment_of,
    refund_answered,
    refunds,
    ruled,
    then_,
    usd,
)

DAY = timedelta(days=1)
FEES = FeePlan(
    version="all-fees:1",
    default=Blended(basis_points=290, fixed_minor={OTHERS: 30}),
    refund={OTHERS: 25},
    dispute={OTHERS: 1_500},
)


def at_rate(usd_for_one_euro: str, day: int = 0) -> Rates:
    return Rates(
        (
            RateSet(
                source="test",
                number=day + 1,
                as_of=NOW + day * DAY,
                base="EUR",
                rates={"USD": usd_for_one_euro},
                document_sha256="",
            ),
        )
    )


def taken(history: History) -> CapturedFunds:
    found = captured_funds_of(payment_of(history))
    assert found is not None
    return found


def debit(
    amount: Money, of: CapturedFunds, source: DebitSource, *, at: datetime = NOW, fee: Fee | None = None
) -> MerchantDebit:
    return debit_for(amount, of, source=source, rate=RefundRate.ORIGINAL, fee=fee, pricing=BASIS, now=at)


# from where


def test_what_is_pending_of_the_payment_is_taken_first_and_then_what_is_available() -> None:
    """100.00 brought 96.80 after its fee."""
    of = taken(captured())
    assert debit(HUNDRED, of, DebitSource.LOT).drawn == from_lot(HUNDRED)
    assert debit(HUNDRED, of, DebitSource.SHARE).drawn == Drawn(
        pending=(LotShare(DUE, eur("96.80")),), available=eur("3.20"), owed=zero("EUR")
    )
    assert debit(HUNDRED, of, DebitSource.AVAILABLE).drawn == from_available(HUNDRED)
    assert debit(HUNDRED, of, DebitSource.OWED).drawn == from_owed(HUNDRED)


def test_what_becomes_available_last_is_taken_first() -> None:
    later = NOW + 3 * DAY
    first = capture_taken(authorized(), eur("40.00"), final=False)
    of = taken(capture_taken(first, eur("60.00"), id=operation(50), at=later))
    drawn = debit(eur("70.00"), of, DebitSource.LOT).drawn
    assert [share.amount for share in drawn.pending] == [eur("60.00"), eur("10.00")]
    assert [share.due for share in drawn.pending] == sorted((share.due for share in drawn.pending), reverse=True)  # type: ignore[type-var]


def test_a_lot_that_is_due_is_not_drawn_on_any_more() -> None:
    of = taken(captured())
    assert debit(HUNDRED, of, DebitSource.LOT, at=DUE - timedelta(seconds=1)).drawn == from_lot(HUNDRED)
    for source in DebitSource.LOT, DebitSource.SHARE:
        assert debit(HUNDRED, of, source, at=DUE).drawn == from_available(HUNDRED)


def test_a_fee_is_drawn_with_what_it_is_for() -> None:
    fee = Fee(kind=FeeKind.REFUND, amount=eur("0.25"), plan="p:1", rule="refund")
    made = debit(eur("30.00"), taken(captured()), DebitSource.LOT, fee=fee)
    assert (made.settled, made.total, made.drawn.total) == (eur("30.00"), eur("30.25"), eur("30.25"))


# at whose rate


def test_in_parts_at_the_captures_rate_all_of_it_comes_to_what_the_capture_brought() -> None:
    pricing = agreed(fees=NO_FEES, settle_in="EUR", mark_up_basis_points=200, rates=at_rate("3"))
    history = captured(usd("1.00"), pricing=pricing)  # 0.33 EUR, of which 0.01 are ours and 0.32 the merchant's
    settled = []
    for number, minor in enumerate([33, 33, 34]):
        id = operation(60 + number)
        history = then_(history, refunds(Money(minor, "USD"), id=id, pricing=pricing))
        history = then_(history, refund_answered(APPROVED, id=id))
        settled.append(taken(history).refunds[-1].debit.settled.minor)
    assert settled == [11, 11, 10]


def test_at_the_rate_of_the_day_a_refund_costs_what_it_costs_then_without_a_mark_up() -> None:
    pricing = agreed(
        fees=NO_FEES, settle_in="EUR", mark_up_basis_points=200, refund_rate=RefundRate.CURRENT, rates=at_rate("1.25")
    )
    history = captured(usd("100.00"), pricing=pricing)
    assert taken(history).captures[0].proceeds.gross == eur("78.40")
    refund = then_(history, refunds(usd("50.00"), pricing=replace(pricing, rates=at_rate("1.00", day=1)), at=NOW))[-1]
    assert isinstance(refund, RefundStarted)
    assert refund.debit is not None
    assert (refund.debit.rate, refund.debit.settled) == (RefundRate.CURRENT, eur("50.00"))
    assert refund.debit.conversion is not None
    assert refund.debit.conversion.mark_up == refund.debit.conversion.residue == zero("EUR")


# given back


@given(st.data())
def test_a_debit_goes_back_to_lots_only_while_they_are_pending_and_first_to_what_was_owed(data: st.DataObject) -> None:
    dues = [None, NOW - DAY, NOW, NOW + timedelta(seconds=1), DUE]
    minor = st.integers(0, 50)
    drawn = Drawn(
        pending=tuple(LotShare(due, Money(data.draw(minor), "EUR")) for due in data.draw(st.permutations(dues))),
        available=Money(data.draw(minor), "EUR"),
        owed=Money(data.draw(minor), "EUR"),
    )
    amount = Money(data.draw(st.integers(0, drawn.total.minor)), "EUR")
    back = returned(debited(drawn.total, drawn=drawn), amount, NOW)
    assert back.total == amount
    assert back.owed == min(amount, drawn.owed)
    assert back.available >= zero("EUR")
    were = {share.due: share.amount for share in drawn.pending}
    assert all(is_pending(share.due, NOW) and zero("EUR") < share.amount <= were[share.due] for share in back.pending)


# any interleaving


class Debits(RuleBasedStateMachine):
    """One payment, partly captured again and again, and given back in every way at once."""

    def __init__(self) -> None:
        super().__init__()
        self.fresh = count(100)
        self.now = NOW
        self.history: History = ()
        self.source = DebitSource.LOT
        self.drawn: Counter[datetime | None] = Counter()
        """What is drawn of each lot and has not been given back to it."""

    @initialize(
        settle_in=st.none() | st.just("EUR"),
        rate=st.sampled_from(RefundRate),
        plan=st.sampled_from([NO_FEES, FEES]),
        reserve=st.sampled_from([0, 1_000]),
        amount=st.integers(20, 200) | st.integers(20, 10**7),
    )
    def authorise(self, settle_in: str | None, rate: RefundRate, plan: FeePlan, reserve: int, amount: int) -> None:
        self.pricing: PricingContext = agreed(
            fees=plan,
            settle_in=settle_in,
            mark_up_basis_points=200,
            refund_rate=rate,
            reserve_basis_points=reserve,
            rates=at_rate("1.0850"),
        )
        self.history = authorized(Money(amount, "USD"))
        self.authorised = amount
        self.capture(4)

    @rule(tenths=st.integers(1, 4))
    def capture(self, tenths: int) -> None:
        """Within the time of the authorisation; nothing but the last is final."""
        id = operation(next(self.fresh))
        if self.take(captures(Money(max(1, self.authorised * tenths // 10), "USD"), final=False, id=id, at=NOW)):
            self.take(capture_answered(APPROVED, id=id, at=self.now, pricing=self.pricing))

    @rule(usd_for_one_euro=st.none() | st.sampled_from(["0.0125", "0.9000", "1.0850", "1.3333", "163.7"]))
    def rates_change(self, usd_for_one_euro: str | None) -> None:
        """Or there are none any more, of those that may be used."""
        self.pricing = replace(self.pricing, rates=at_rate(usd_for_one_euro) if usd_for_one_euro else Rates())

    @rule(hours=st.sampled_from([1, 12, 24, 72]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(tenths=st.none() | st.integers(1, 10), source=st.sampled_from([*DebitSource][:4]))
    def refund(self, tenths: int | None, source: DebitSource) -> None:
        self.source = source
        amount = None if tenths is None else self.part(tenths)
        self.take(refunds(amount, id=operation(next(self.fresh)), at=self.now, pricing=self.pricing, source=source))

    @precondition(lambda self: isinstance(payment_of(self.history), Refunding))
    @rule(approved=st.booleans())
    def the_refund_ends(self, approved: bool) -> None:
        payment = payment_of(self.history)
        assert isinstance(payment, Refunding)
        assert self.take(refund_answered(APPROVED if approved else DECLINED, id=payment.refund_id, at=self.now))

    @rule(tenths=st.integers(1, 12), source=st.sampled_from(DebitSource))
    def dispute(self, tenths: int, source: DebitSource) -> None:
        self.source = source
        id = DisputeId(f"dp_{next(self.fresh)}")
        self.take(disputes(self.part(tenths), id=id, at=self.now, pricing=self.pricing, source=source))

    @precondition(lambda self: self.taken.disputes)
    @rule(result=st.sampled_from(DisputeResult), data=st.data())
    def the_bank_rules(self, result: DisputeResult, data: st.DataObject) -> None:
        dispute = data.draw(st.sampled_from(self.taken.disputes))
        assert self.take(ruled(result, id=dispute.dispute_id, at=self.now))

    def take(self, decision: Decision) -> bool:
        try:
            events = decision(payment_of(self.history))
        except DomainError:
            return False
        for event in events:
            self.look_at(event)
        self.history += events
        return True

    def look_at(self, event: PaymentEvent) -> None:
        """What it draws and gives back is not negative, and comes to what it says."""
        match event:
            case RefundStarted(debit=debit) | DisputeOpened(claim=Claim(debit=debit)) if debit is not None:
                assert debit.drawn.total == debit.total
                assert_not_negative(debit.drawn)
                self.assert_converted(debit)
                for share in debit.drawn.pending:
                    if self.source is not DebitSource.UNRELEASED:
                        assert is_pending(share.due, self.now)
                        self.drawn[share.due] += share.amount.minor
            case RefundFailed(returned=Drawn() as back) | DisputeWon(returned=back) | DisputeReversed(returned=back):
                assert_not_negative(back)
                for share in back.pending:
                    assert is_pending(share.due, self.now)
                    self.drawn[share.due] -= min(share.amount.minor, self.drawn[share.due])
            case _:
                pass

    def assert_converted(self, debit: MerchantDebit) -> None:
        assert debit.settled.minor >= 0
        if debit.conversion is not None:
            assert debit.conversion.settled == debit.settled
            assert debit.conversion.value.minor >= 0
            assert debit.conversion.mark_up.minor >= 0
            assert debit.conversion.residue.minor == 0

    @property
    def taken(self) -> CapturedFunds:
        return taken(self.history)

    def part(self, tenths: int) -> Money:
        return Money(max(1, self.taken.captured.minor * tenths // 10), "USD")

    @invariant()
    def no_lot_is_drawn_below_what_the_payment_brought_to_it(self) -> None:
        """While it is pending by the clock. After that only the lot itself says what is left of it: what failed then
        was given back to what is available."""
        if self.history:
            brought: Counter[datetime | None] = Counter()
            for capture in self.taken.captures:
                brought[capture.proceeds.due] += capture.proceeds.gross.minor
            assert all(0 <= minor <= brought[due] for due, minor in self.drawn.items())

    @invariant()
    def all_that_is_given_back_at_the_captures_rate_is_all_that_the_captures_brought(self) -> None:
        """As if the rest were disputed now."""
        if not self.history:
            return
        rest = self.taken.refundable
        try:
            history = then_(self.history, disputes(rest, id=DisputeId("dp_rest"), at=self.now, pricing=self.pricing))
        except DomainError:
            assert rest.minor == 0 or isinstance(payment_of(self.history), Refunding)
            return
        whole = taken(history)
        debits = [refund.debit for refund in whole.refunds]
        debits += [dispute.debit for dispute in whole.disputes if dispute.result is not DisputeResult.WON]
        if all(debit.rate is not RefundRate.CURRENT for debit in debits):
            assert sum(debit.settled.minor for debit in debits) == sum(
                capture.proceeds.gross.minor for capture in whole.captures
            )
            assert converted_parts(debit.conversion for debit in debits) == converted_parts(
                capture.proceeds.conversion for capture in whole.captures
            )
        self.assert_converted(debits[-1])

    @invariant()
    def one_payment_settles_in_one_currency(self) -> None:
        if self.history:
            assert len({capture.proceeds.gross.currency for capture in self.taken.captures}) == 1

    @invariant()
    def no_more_is_given_back_than_was_taken(self) -> None:
        if self.history:
            assert self.taken.refundable.minor >= 0
            assert isinstance(payment_of(self.history), PartiallyCaptured | Captured | Refunding)


def converted_parts(conversions: Iterable[Conversion | None]) -> Counter[str]:
    parts: Counter[str] = Counter()
    for conversion in conversions:
        if conversion is not None:
            for name in ("amount", "mark_up", "settled"):
                parts[name] += getattr(conversion, name).minor
    return parts


def assert_not_negative(drawn: Drawn) -> None:
    assert drawn.available.minor >= 0
    assert drawn.owed.minor >= 0
    assert all(share.amount.minor > 0 for share in drawn.pending)


TestDebits = Debits.TestCase
TestDebits.settings = settings(stateful_step_count=30)


# what the machine has found


def test_a_share_of_several_captures_is_never_less_than_nothing_whatever_the_rates_of_the_day_were() -> None:
    """40.00 given back as they came; then 40.00 came in at a tenth, and were given back, but for a cent, at the rate of
    the day."""
    first = agreed(fees=NO_FEES, settle_in="EUR", rates=at_rate("1"))
    cheap = agreed(fees=NO_FEES, settle_in="EUR", rates=at_rate("10"), refund_rate=RefundRate.CURRENT)
    history = capture_taken(authorized(usd("100.00")), usd("40.00"), final=False, pricing=first)
    history = then_(then_(history, refunds(pricing=first)), refund_answered(APPROVED))
    history = capture_taken(history, usd("40.00"), final=False, id=operation(50), pricing=cheap)
    history = then_(history, refunds(usd("39.99"), id=operation(51), pricing=cheap))
    history = then_(history, refund_answered(APPROVED, id=operation(51)))
    [*_, opened] = then_(history, disputes(usd("0.01"), pricing=cheap))
    assert isinstance(opened, DisputeOpened)
    assert opened.claim.debit.settled >= zero("EUR")


def test_the_fee_of_a_dispute_that_was_won_stays_drawn() -> None:
    """So that what is taken of a lot later is no more than the payment brought to it."""
    pricing = agreed(fees=FEES)
    history = then_(then_(captured(), disputes(eur("60.00"), pricing=pricing)), ruled(DisputeResult.WON))
    assert taken(history).disputes[0].debit.drawn == from_lot(eur("75.00"))
    assert taken(history).disputes[0].returned == from_lot(eur("60.00"))
    assert debit(HUNDRED, taken(history), DebitSource.LOT).drawn == Drawn(
        pending=(LotShare(DUE, eur("85.00")),), available=eur("15.00"), owed=zero("EUR")
    )


TODAYS = agreed(fees=NO_FEES, settle_in="EUR", refund_rate=RefundRate.CURRENT)
TOO_OLD = NOW + timedelta(hours=TODAYS.terms.conversion.stale_after_hours, seconds=1)


def test_a_refund_at_the_rate_of_the_day_needs_one_that_is_fresh() -> None:
    payment = payment_of(captured(usd("100.00"), pricing=TODAYS))
    with pytest.raises(RateStale):
        refunds(at=TOO_OLD, pricing=TODAYS)(payment)


def test_what_settled_in_its_own_currency_is_refunded_without_any_rate() -> None:
    """Whatever is agreed since."""
    [started] = refunds(at=TOO_OLD, pricing=TODAYS)(payment_of(captured(usd("100.00"))))
    assert isinstance(started, RefundStarted)
    assert started.debit is not None
    assert started.debit.conversion is None


def test_what_was_converted_is_converted_back_by_a_fresh_rate_although_others_are_not_converted_any_more() -> None:
    payment = payment_of(captured(usd("100.00"), pricing=TODAYS))
    with pytest.raises(RateStale):
        refunds(at=TOO_OLD, pricing=agreed(fees=NO_FEES, refund_rate=RefundRate.CURRENT))(payment)


def test_captures_of_one_payment_settle_in_one_currency_although_there_is_no_rate_any_more() -> None:
    """The newest rate that it was converted by serves again: the money is taken, and has to be booked."""
    converting = agreed(fees=NO_FEES, settle_in="EUR", mark_up_basis_points=200, rates=at_rate("1.25"))
    history = capture_taken(authorized(usd("100.00")), usd("40.00"), final=False, pricing=converting)
    no_rates = replace(converting, rates=Rates())
    history = capture_taken(history, usd("60.00"), id=operation(50), pricing=no_rates)
    assert [capture.proceeds.gross for capture in taken(history).captures] == [eur("31.36"), eur("47.04")]
    given_back = then_(history, refunds(pricing=no_rates))[-1]
    assert isinstance(given_back, RefundStarted)
    assert given_back.debit is not None
    assert given_back.debit.settled == eur("78.40")
