"""A bank takes the whole of what it charges back, whatever was refunded before, beyond the payment, in any currency: so
the books give the provider that much back, and its settlement of just that much fits."""

from collections import Counter

import pytest

from domain.fx.rates import Rates, RateSet
from domain.identifiers import OperationId
from domain.ledger.accounts import bank, held, owed, psp_clearing
from domain.ledger.balances import BalanceKey, fold_balances, trial_balance
from domain.ledger.rules import entry_for
from domain.money.money import Money
from domain.payment.movements import movements_of
from domain.payment.settlement_events import MovementKind, ProviderCost
from domain.payment.state import DisputeResult
from domain.settlement.settle_movement import SettleMovement, settle_movement
from tests.support.domain import (
    ACQUIRER,
    APPROVED,
    DISPUTE,
    MERCHANT,
    NOW,
    PAYMENT,
    History,
    agreed,
    captured,
    disputes,
    eur,
    operation,
    payment_of,
    refund_answered,
    refunds,
    ruled,
    then_,
    usd,
)

HUNDRED = eur("100.00")
RATES = Rates(
    (RateSet(source="ecb", number=1, as_of=NOW, base="EUR", rates={"USD": "1.25"}, document_sha256="0" * 64),)
)
BASIS = agreed(rates=RATES)
REFUND = OperationId(operation(77))


def refunded(amount: Money, of: History) -> History:
    return then_(then_(of, refunds(amount, id=REFUND)), refund_answered(APPROVED, id=REFUND))


def settled(history: History, gross: Money) -> History:
    """As the provider's file has it: a chargeback of just `gross`, for nothing."""
    command = SettleMovement(
        provider=ACQUIRER,
        settlement_id="st_1",
        bank="house",
        movement=MovementKind.CHARGEBACK,
        movement_id=DISPUTE,
        gross=-gross,
        cost=ProviderCost(),
    )
    return history + settle_movement(payment_of(history), movements_of(history), command, lambda _: None)


def balances(history: History) -> Counter[BalanceKey]:
    entries = (entry_for(PAYMENT, version, event) for version, event in enumerate(history, start=1))
    return Counter(fold_balances(entry for entry in entries if entry is not None))


@pytest.mark.parametrize(
    ("history", "disputed", "owed_minor"),
    [
        pytest.param(refunded(HUNDRED, captured(HUNDRED)), HUNDRED, 10_000, id="refunded in full"),
        pytest.param(refunded(eur("30.00"), captured(HUNDRED)), HUNDRED, 3_000, id="refunded in part"),
        pytest.param(captured(HUNDRED), eur("112.50"), 1_250, id="more than the payment"),
        pytest.param(captured(HUNDRED), usd("100.00"), 0, id="in another currency"),
        pytest.param(captured(HUNDRED), usd("150.00"), 2_000, id="more, and in another currency"),
    ],
)
def test_what_a_bank_charges_back_is_booked_in_full(history: History, disputed: Money, owed_minor: int) -> None:
    before = balances(history)
    lost = then_(then_(history, disputes(disputed, pricing=BASIS)), ruled(DisputeResult.LOST))
    after = balances(settled(lost, disputed))

    clearing = BalanceKey(psp_clearing(ACQUIRER), disputed.currency)
    assert after[clearing] == before[clearing], "the provider has settled just what it took"
    assert after[BalanceKey(bank("house"), disputed.currency)] == -disputed.minor
    assert after[BalanceKey(owed(MERCHANT), "EUR")] == owed_minor
    assert after[BalanceKey(held(MERCHANT), "EUR")] == 0
    assert not any(trial_balance(after).values())


@pytest.mark.parametrize("disputed", [HUNDRED, eur("120.00"), usd("200.00")], ids=str)
@pytest.mark.parametrize("lost_first", [False, True])
def test_what_is_won_leaves_everything_as_it_was(disputed: Money, lost_first: bool) -> None:
    history = refunded(eur("30.00"), captured(HUNDRED))
    opened = then_(history, disputes(disputed, pricing=BASIS))
    won = then_(then_(opened, ruled(DisputeResult.LOST)) if lost_first else opened, ruled(DisputeResult.WON))

    assert +balances(won) == +balances(history)
    assert payment_of(won) != payment_of(history), "but it was disputed"
