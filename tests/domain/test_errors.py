"""A refusal carries its facts, says them, and stays an exception that can be told from another."""

import pytest

from domain.errors import DomainError
from domain.payment.capture import CaptureExceedsAuthorized
from tests.support.domain import eur


def test_a_refusal_carries_and_says_its_facts() -> None:
    refusal = CaptureExceedsAuthorized(requested=eur("120.00"), capturable=eur("100.00"))
    assert refusal.requested == eur("120.00")
    assert "CaptureExceedsAuthorized(" in str(refusal)
    assert "12000" in str(refusal)
    assert "10000" in str(refusal)


def test_a_refusal_without_its_facts_cannot_be_raised() -> None:
    with pytest.raises(TypeError):
        CaptureExceedsAuthorized()  # type: ignore[call-arg]


def test_two_refusals_with_the_same_facts_are_two() -> None:
    class Refused(DomainError):
        reason: str

    assert Refused(reason="x") != Refused(reason="x")
    assert len({Refused(reason="x"), Refused(reason="x")}) == 2
