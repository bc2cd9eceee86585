"""A version of the routing policy keeps its number for ever, and one of them is active."""

import pytest

from domain.routing.events import RoutingPolicyActivated, RoutingPolicyAdded
from domain.routing.versions import PolicyNotFound, Versions, activate, add, evolve, fold

FIRST = RoutingPolicyAdded(number=1, name="cards", document="{1}")
SECOND = RoutingPolicyAdded(number=2, name="cards", document="{2}")
BOTH = fold((FIRST, SECOND))


def test_versions_are_numbered_from_one() -> None:
    assert add(Versions(), name="cards", document="{1}") == (1, (FIRST,))
    assert add(fold((FIRST,)), name="cards", document="{2}") == (2, (SECOND,))


def test_the_same_text_has_the_same_number_and_nothing_happens() -> None:
    assert add(BOTH, name="cards", document="{1}") == (1, ())


def test_any_version_can_be_activated_and_activated_again() -> None:
    assert activate(BOTH, 1) == (RoutingPolicyActivated(number=1),)
    active = evolve(BOTH, RoutingPolicyActivated(number=1))
    assert active.active == 1
    assert activate(active, 1) == ()
    assert activate(active, 2) == (RoutingPolicyActivated(number=2),)


@pytest.mark.parametrize("number", [-1, 0, 3])
def test_a_number_that_nothing_was_added_under_is_refused(number: int) -> None:
    with pytest.raises(PolicyNotFound) as refusal:
        activate(BOTH, number)
    assert refusal.value.number == number
