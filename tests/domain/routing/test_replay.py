"""A recorded decision made again by its own policy is the same; by another one, it is what that one says."""

from hypothesis import given
from msgspec.structs import replace

from domain.identifiers import OperationId
from domain.money.money import Money
from domain.payment.events import PaymentRouted
from domain.routing.policy import Cost, RoutingPolicy
from domain.routing.replay import Tally, is_first, replay
from domain.routing.route import Asked, Figures, Route, Situation, route
from tests.domain.routing.routes import payments, situations
from tests.support.routing import NORTH, SOUTH, always_or_never, asked, policy, priority, situation


def recorded(decided: Route, policy: RoutingPolicy, about: Asked) -> PaymentRouted:
    return PaymentRouted(
        attempt_id=OperationId(about.payment_id),
        routing_policy=policy.version,
        rule=decided.rule,
        strategy=decided.strategy,
        draw=decided.draw,
        candidates=decided.candidates,
        chosen=decided.chosen,
        reason=decided.reason,
    )


@given(situations, payments)
def test_its_own_policy_decides_the_same_again(given_: Situation, about: Asked) -> None:
    decided = recorded(route(given_, about), given_.policy, about)
    again = replay(given_.policy, decided, about, always_or_never)
    assert again.recorded == again.simulated == decided.chosen
    assert again.recorded_cost_minor == again.simulated_cost_minor


@given(situations, situations, payments)
def test_another_policy_decides_as_it_would_have_then(given_: Situation, other: Situation, about: Asked) -> None:
    decided = recorded(route(given_, about), given_.policy, about)
    # What the other policy knows no cost of costs what it was recorded to.
    both = replace(other.policy, costs={**given_.policy.costs, **other.policy.costs})
    then = Situation(policy=both, capabilities=given_.capabilities, figures=given_.figures, holds=always_or_never)
    assert replay(other.policy, decided, about, always_or_never).simulated == route(then, about).chosen


@given(situations, payments)
def test_only_the_first_attempts_decision_is_a_first_one(given_: Situation, about: Asked) -> None:
    first = route(given_, about)
    assert is_first(recorded(first, given_.policy, about))
    if first.chosen is not None:
        second = route(given_, about, tried=[first.chosen])
        assert not is_first(recorded(second, given_.policy, about))


def test_a_tally_adds_up_traffic_costs_and_approvals() -> None:
    south_first = policy(priority(SOUTH), costs={NORTH: Cost(basis_points=200), SOUTH: Cost(basis_points=100)})
    given_ = situation(policy(priority(NORTH)), figures={NORTH: Figures(samples=3)})
    tally = Tally()
    for payment in range(10):
        about = asked(payment, amount=Money(10_000, "EUR" if payment else "JPY"))
        decided = recorded(route(given_, about), given_.policy, about)
        tally.take(replay(south_first, decided, about, always_or_never))
    for number in range(4):
        tally.answer(NORTH, approved=number > 0)
        tally.answer(SOUTH, approved=True)
    assert (tally.payments, tally.moved, tally.uncosted) == (10, 10, 0)
    assert (tally.recorded, tally.simulated) == ({NORTH: 10}, {SOUTH: 10})
    assert tally.recorded_cost_minor == {"EUR": 1_800, "JPY": 200}
    assert tally.simulated_cost_minor == {"EUR": 900, "JPY": 100}
    assert (tally.approval_bp(NORTH), tally.approval_bp(SOUTH)) == (7_500, 10_000)
    assert (tally.expected_approvals(tally.recorded), tally.expected_approvals(tally.simulated)) == (7, 10)


def test_what_is_not_known_to_cost_anything_is_in_no_cost() -> None:
    about = asked()
    given_ = situation(policy(priority(NORTH)))
    decided = recorded(route(given_, about), given_.policy, about)
    tally = Tally()
    tally.take(replay(policy(priority(SOUTH), costs={SOUTH: Cost(basis_points=1)}), decided, about, always_or_never))
    assert (tally.uncosted, tally.recorded_cost_minor) == (1, {})
