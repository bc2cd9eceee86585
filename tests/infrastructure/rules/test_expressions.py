"""A condition holds when it is true, and an evaluation that fails stops no payment."""

import logging

import pytest

from domain.money.money import Money
from domain.routing.candidate import Candidate
from domain.routing.route import Facts, facts_of
from infrastructure.rules.expressions import Expressions
from tests.support.routing import NORTH, SOUTH, asked

FACTS = facts_of(
    asked(),
    [
        Candidate(provider=NORTH, cost_minor=120, success_bp=9_100, latency_ms_p95=300, samples=50),
        Candidate(provider=SOUTH),
    ],
)


@pytest.mark.parametrize(
    "when",
    [
        "true",
        "amount == 10000 && currency == 'EUR' && method == 'card' && merchant == 'mer_acme'",
        "country == '' && card_brand == ''",
        "providers['north'].success_bp > 9000 && providers.north.latency_ms_p95 <= 300",
        "providers.south.cost == -1 && providers.south.samples == 0",
        "has(providers.north) && !has(providers.west)",
        "currency in ['EUR', 'USD']",
        "merchant.startsWith('mer_')",
        "providers.all(p, providers[p].cost < 200)",
        "providers.west.cost > 3 || amount > 1",
    ],
)
def test_a_true_condition_holds(when: str) -> None:
    expressions = Expressions()
    assert expressions.holds(when, FACTS)
    assert expressions.failures == 0


@pytest.mark.parametrize("when", ["false", "amount > 10000", "currency != 'EUR'", "amount", "'true'", "null"])
def test_what_is_not_true_does_not_hold(when: str) -> None:
    expressions = Expressions()
    assert not expressions.holds(when, FACTS)
    assert expressions.failures == 0


@pytest.mark.parametrize(
    "when",
    [
        "providers['west'].success_bp > 9000",
        "amount / providers.south.samples > 3",
        "amount + 9223372036854775807 > 0",
        "amount > 'a lot'",
        "amuont > 3",
        "currency.matches('(')",
        "amount >",
        "",
    ],
)
def test_what_cannot_be_worked_out_does_not_hold_and_is_told_once(when: str, caplog: pytest.LogCaptureFixture) -> None:
    expressions = Expressions()
    with caplog.at_level(logging.WARNING):
        assert not any(expressions.holds(when, FACTS) for _ in range(3))
    assert expressions.failures == 3
    assert [record.message for record in caplog.records] == ["routing_condition_failed"]


def test_other_facts_are_looked_at_anew() -> None:
    expressions = Expressions()
    for minor in (1, 2, 1):
        facts = facts_of(asked(amount=Money(minor, "EUR")), [])
        assert [expressions.holds(f"amount == {guess}", facts) for guess in (1, 2)] == [minor == 1, minor == 2]


def test_facts_are_left_as_they_are() -> None:
    before: Facts = facts_of(asked(), [Candidate(provider=NORTH)])
    Expressions().holds("providers.map(p, p).size() == 1", before)
    assert before == facts_of(asked(), [Candidate(provider=NORTH)])
