"""A provider settles what moved, once, for what it moved for; an estimated fee becomes what the card did cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.fx.rates import Rates, RateSet
from domain.identifiers import ProviderName
from domain.ledger.accounts import available, bank, owed, platform_fees, psp_clearing, psp_fees
from domain.ledger.balances import BalanceKey, fold_balances
from domain.ledger.entry import imbalance
from domain.ledger.rules import entry_for
from domain.money.money import Money, zero
from domain.payment.debit import DebitSource
from domain.payment.events import PaymentCaptured
from domain.payment.movements import movements_of
from domain.payment.proceeds import Drawn, from_available, from_owed
from domain.payment.settlement_events import MovementKind, MovementSettled, ProviderCost
from domain.payment.state import DisputeResult
from domain.settlement.settle_movement import (
    NO_FEE_PLAN,
    FeePlanMissing,
    MovementDiffers,
    MovementUnknown,
    SettleMovement,
    settle_movement,
)
from domain.terms.conversion import ConversionRule
from domain.terms.fee_plan import FeePlan, InterchangePlus
from domain.terms.pricing_context import PricingContext
from tests.support.domain import (
    ACQUIRER,
    APPROVED,
    BASIS,
    CAPTURE,
    DISPUTE,
    HUNDRED,
    MERCHANT,
    NOW,
    PAYMENT,
    REFUND,
    STRANGER,
    THIRTY,
    History,
    authorized,
    capture_answered,
    captured,
    captures,
    dispute_closed,
    eur,
    payment_of,
    refunded,
    ruled,
    then_,
)

NO_COST = ProviderCost()
COST = ProviderCost(interchange_minor=20, scheme_minor=3, markup_minor=10, other_minor=-1)
PLUS = FeePlan(
    version="plus:2",
    default=InterchangePlus(interchange_basis_points=30, scheme_basis_points=10, markup_basis_points=20),
)
ON_PLUS = replace(BASIS, terms=replace(BASIS.terms, fees=PLUS))
IN_EURO = replace(
    ON_PLUS,
    terms=replace(
        ON_PLUS.terms,
        conversion=ConversionRule(
            version="fx:1", settle_in={"USD": "EUR"}, mark_up_basis_points=100, stale_after_hours=24
        ),
    ),
    rates=Rates(
        (RateSet(source="ecb", number=1, as_of=NOW, base="EUR", rates={"USD": "1.25"}, document_sha256="0" * 64),)
    ),
)

costs = st.builds(
    ProviderCost,
    interchange_minor=st.integers(-500, 2_000),
    scheme_minor=st.integers(-500, 2_000),
    markup_minor=st.integers(0, 2_000),
    other_minor=st.integers(-500, 500),
)


def on_plus(amount: Money = HUNDRED, pricing: PricingContext = ON_PLUS) -> History:
    history = then_(authorized(amount), captures(amount))
    return then_(history, capture_answered(APPROVED, pricing=pricing))


def command(
    kind: MovementKind = MovementKind.CAPTURE,
    gross: Money = HUNDRED,
    *,
    id: str = str(CAPTURE),
    provider: ProviderName = ACQUIRER,
    settlement: str = "st_1",
    cost: ProviderCost = NO_COST,
) -> SettleMovement:
    return SettleMovement(
        provider=provider,
        settlement_id=settlement,
        bank="house",
        movement=kind,
        movement_id=id,
        gross=gross,
        cost=cost,
    )


def plans(version: str) -> FeePlan | None:
    return PLUS if version == PLUS.version else None


def settled(
    history: History, wanted: SettleMovement, *, source: DebitSource = DebitSource.AVAILABLE
) -> tuple[MovementSettled, ...]:
    return settle_movement(payment_of(history), movements_of(history), wanted, plans, source=source)


def balances_after(history: History, event: MovementSettled) -> dict[BalanceKey, int]:
    entry = entry_for(PAYMENT, len(history) + 1, event)
    assert entry is not None
    assert set(imbalance(entry.postings).values()) <= {0}
    return fold_balances([entry])


def test_what_was_captured_is_settled_net_of_its_cost() -> None:
    history = captured()
    [event] = settled(history, command(cost=COST))
    assert (event.gross, event.cost, event.true_up, event.drawn) == (HUNDRED, COST, zero("EUR"), None)
    assert event.fee_plan == NO_FEE_PLAN
    balances = balances_after(history, event)
    assert balances == {
        BalanceKey(bank("house"), "EUR"): 10_000 - 32,
        BalanceKey(psp_fees(ACQUIRER), "EUR"): 32,
        BalanceKey(psp_clearing(ACQUIRER), "EUR"): -10_000,
    }


@given(cost=costs)
def test_the_clearing_account_is_cleared_of_the_movement_whatever_it_cost(cost: ProviderCost) -> None:
    history = on_plus()
    [event] = settled(history, command(cost=cost))
    balances = balances_after(history, event)
    assert balances[BalanceKey(psp_clearing(ACQUIRER), "EUR")] == -10_000
    paid = balances.get(BalanceKey(bank("house"), "EUR"), 0)
    assert paid + balances.get(BalanceKey(psp_fees(ACQUIRER), "EUR"), 0) == 10_000


def test_what_went_back_is_settled_as_less_than_nothing() -> None:
    history = refunded(THIRTY)
    [event] = settled(history, command(MovementKind.REFUND, -THIRTY, id=str(REFUND)))
    assert balances_after(history, event)[BalanceKey(bank("house"), "EUR")] == -3_000


def test_a_lost_dispute_is_settled_and_its_reversal_too() -> None:
    lost = dispute_closed(DisputeResult.LOST)
    assert settled(lost, command(MovementKind.CHARGEBACK, -HUNDRED, id=DISPUTE))
    with pytest.raises(MovementUnknown):
        settled(lost, command(MovementKind.REVERSAL, HUNDRED, id=DISPUTE))
    won = then_(lost, ruled(DisputeResult.WON))
    assert settled(won, command(MovementKind.CHARGEBACK, -HUNDRED, id=DISPUTE))
    assert settled(won, command(MovementKind.REVERSAL, HUNDRED, id=DISPUTE))


def test_a_dispute_that_was_not_lost_moved_nothing() -> None:
    with pytest.raises(MovementUnknown):
        settled(dispute_closed(DisputeResult.WON), command(MovementKind.CHARGEBACK, -HUNDRED, id=DISPUTE))


def test_what_never_moved_is_not_settled() -> None:
    with pytest.raises(MovementUnknown):
        settled(captured(), command(id=str(STRANGER)))
    with pytest.raises(MovementUnknown):
        settled(authorized(), command())


def test_the_amount_the_currency_and_the_provider_have_to_be_those_of_the_movement() -> None:
    for wrong, what in (
        (command(gross=eur("99.99")), "amount"),
        (command(gross=-HUNDRED), "amount"),
        (command(gross=Money(HUNDRED.minor, "USD")), "amount"),
        (command(provider=ProviderName("southbank")), "provider"),
    ):
        with pytest.raises(MovementDiffers) as refused:
            settled(captured(), wrong)
        assert refused.value.what == what


def test_the_same_settlement_of_a_movement_twice_is_one() -> None:
    history = captured() + settled(captured(), command(cost=COST))
    assert settled(history, command(cost=COST)) == ()


def test_a_movement_is_not_paid_for_a_second_time() -> None:
    history = captured() + settled(captured(), command(cost=COST))
    for other, what in ((command(settlement="st_2", cost=COST), "settlement"), (command(cost=NO_COST), "cost")):
        with pytest.raises(MovementDiffers) as refused:
            settled(history, other)
        assert refused.value.what == what


def test_a_card_that_cost_more_than_was_estimated_is_charged_on() -> None:
    history = on_plus()  # 0.60, of which 0.40 is the estimate of interchange and scheme
    [event] = settled(history, command(cost=replace(COST, interchange_minor=100, scheme_minor=15)))
    assert (event.true_up, event.drawn, event.fee_plan) == (eur("0.75"), from_available(eur("0.75")), "plus:2")
    balances = balances_after(history, event)
    assert balances[BalanceKey(available(MERCHANT), "EUR")] == -75
    assert balances[BalanceKey(platform_fees(), "EUR")] == 75


def test_where_the_merchant_has_too_little_it_owes_what_is_charged_on() -> None:
    history = on_plus()
    [event] = settled(history, command(cost=ProviderCost(interchange_minor=100)), source=DebitSource.OWED)
    assert event.drawn == from_owed(eur("0.60"))
    assert balances_after(history, event)[BalanceKey(owed(MERCHANT), "EUR")] == 60


def test_a_card_that_cost_less_is_given_back() -> None:
    history = on_plus()
    [event] = settled(history, command(cost=ProviderCost(interchange_minor=5)), source=DebitSource.OWED)
    assert event.true_up == eur("-0.35")
    balances = balances_after(history, event)
    assert balances[BalanceKey(available(MERCHANT), "EUR")] == 35
    assert balances[BalanceKey(platform_fees(), "EUR")] == -35


def test_a_cost_just_as_it_was_estimated_changes_nothing() -> None:
    [event] = settled(on_plus(), command(cost=ProviderCost(interchange_minor=30, scheme_minor=10, markup_minor=99)))
    assert (event.true_up, event.drawn) == (zero("EUR"), None)


def test_the_cost_of_a_converted_capture_is_converted_as_the_capture_was() -> None:
    amount = Money(100_000, "USD")
    history = on_plus(amount, IN_EURO)
    [taken] = [event for event in history if isinstance(event, PaymentCaptured)]
    assert taken.proceeds.gross == eur("792.00")  # 800.00 less 1 %
    cost = ProviderCost(interchange_minor=300, scheme_minor=100)
    [as_estimated] = settled(history, command(gross=amount, cost=cost))
    assert (as_estimated.true_up, as_estimated.drawn) == (zero("EUR"), None)
    [dearer] = settled(history, command(gross=amount, cost=replace(cost, interchange_minor=400)))
    assert dearer.true_up == eur("0.79")
    assert dearer.gross == amount


def test_a_true_up_of_converted_cost_is_rounded_once_with_the_mark_up() -> None:
    """3 cents of a dollar that settled as 0.79 cost 2.37, with the mark-up 2.528: three cents, and not two."""
    amount = Money(100, "USD")
    [event] = settled(on_plus(amount, IN_EURO), command(gross=amount, cost=ProviderCost(interchange_minor=3)))
    assert event.true_up == eur("0.03")


@given(cost=costs)
def test_all_fees_of_a_capture_together_stay_between_nothing_and_the_capture(cost: ProviderCost) -> None:
    history = on_plus()
    [taken] = [event for event in history if isinstance(event, PaymentCaptured)]
    [event] = settled(history, command(cost=cost))
    assert zero("EUR") <= taken.proceeds.fee + event.true_up <= HUNDRED
    assert isinstance(event.drawn, Drawn) == (event.true_up.minor != 0)


def test_a_fee_whose_plan_is_lost_cannot_be_trued_up() -> None:
    history = on_plus()
    with pytest.raises(FeePlanMissing) as refused:
        settle_movement(payment_of(history), movements_of(history), command(), lambda _: None)
    assert refused.value.plan == "plus:2"


def test_each_part_of_a_payment_is_settled_by_itself() -> None:
    history = refunded(THIRTY)
    for wanted in (command(), command(MovementKind.REFUND, -THIRTY, id=str(REFUND))):
        [event] = settled(history, wanted)
        history = (*history, event)
    assert all(movement.settled for movement in movements_of(history).values())
    assert payment_of(history) is not None
