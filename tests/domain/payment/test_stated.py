"""What a provider states is compared with what was asked: whatever differs decides nothing."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.identifiers import OperationId
from domain.money.money import Money
from domain.payment.outcome import (
    ActionRequired,
    Approved,
    ApprovedInPart,
    Declined,
    Mismatched,
    Outcome,
    Redirect,
    Rejected,
    Unavailable,
    Unknown,
)
from domain.payment.stated import Asked, Movement, Stated, compared

ID = OperationId(UUID("018f0000-0000-7000-8000-000000000001"))
TEN = Money(1_000, "EUR")
CHARGE = Asked(operation_id=ID, charge=None, amount=TEN, movement=Movement.TAKEN)
RESERVATION = replace(CHARGE, movement=Movement.RESERVED)
REFUND = Asked(operation_id=ID, charge="ch_1", amount=TEN, movement=Movement.GIVEN_BACK)
ASKED = [CHARGE, RESERVATION, replace(RESERVATION, charge="ch_1", movement=Movement.RELEASED), REFUND]
YES = Approved("name")
DECIDED: list[Outcome] = [YES, Declined("declined", "no"), Rejected("odd", "no"), ActionRequired("ch_1", Redirect("u"))]
UNDECIDED: list[Outcome] = [Unknown("?"), Unavailable("away")]


def fitting(asked: Asked) -> Stated:
    return Stated(
        operation_id=str(asked.operation_id),
        charge=asked.charge,
        made="made",
        amount=asked.amount,
        movement=asked.movement,
    )


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.movement)
@pytest.mark.parametrize("outcome", [*DECIDED, *UNDECIDED], ids=lambda outcome: type(outcome).__name__)
def test_what_fits_is_believed_however_little_is_stated(asked: Asked, outcome: Outcome) -> None:
    whole = fitting(asked)
    for stated in (whole, Stated(), replace(whole, amount=None), replace(whole, charge=None, operation_id=None)):
        assert compared(asked, outcome, stated) == outcome


SPOILED = {
    "another operation": {"operation_id": "another"},
    "no operation": {"operation_id": ""},
    "more": {"amount": Money(1_001, "EUR")},
    "nothing": {"amount": Money(0, "EUR")},
    "another currency": {"amount": Money(1_000, "USD")},
    "fewer decimals": {"amount": Money(10, "EUR")},
}


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.movement)
@pytest.mark.parametrize("spoiled", SPOILED.values(), ids=SPOILED)
@pytest.mark.parametrize("outcome", DECIDED, ids=lambda outcome: type(outcome).__name__)
def test_neither_yes_nor_no_is_believed_of_something_else(
    asked: Asked, spoiled: dict[str, object], outcome: Outcome
) -> None:
    said = compared(asked, outcome, replace(fitting(asked), **spoiled))
    assert isinstance(said, Mismatched)
    assert str(asked.amount) in said.reason


@pytest.mark.parametrize("outcome", DECIDED, ids=lambda outcome: type(outcome).__name__)
def test_what_is_said_of_another_charge_is_not_believed(outcome: Outcome) -> None:
    assert isinstance(compared(REFUND, outcome, replace(fitting(REFUND), charge="ch_2")), Mismatched)


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.movement)
@pytest.mark.parametrize("movement", Movement)
def test_only_what_was_asked_for_is_success(asked: Asked, movement: Movement) -> None:
    """`authorized` to an automatic capture is none, nor `captured` to an authorisation."""
    said = compared(asked, YES, replace(fitting(asked), movement=movement))
    assert said == YES if movement is asked.movement else isinstance(said, Mismatched)


@pytest.mark.parametrize("asked", [CHARGE, RESERVATION], ids=lambda asked: asked.movement)
@given(minor=st.integers(1, 999))
def test_a_smaller_approval_of_an_attempt_is_one_in_part(asked: Asked, minor: int) -> None:
    part = Money(minor, "EUR")
    said = compared(asked, YES, replace(fitting(asked), amount=part))
    assert isinstance(said, ApprovedInPart)
    assert (said.reference, said.amount, said.taken) == ("name", part, asked.movement is Movement.TAKEN)


def test_less_than_was_asked_for_of_anything_else_is_no_approval_in_part() -> None:
    less = Money(1, "EUR")
    assert type(compared(REFUND, YES, replace(fitting(REFUND), amount=less))) is Mismatched
    for spoiled in (
        Stated(operation_id="another", amount=less),
        Stated(movement=Movement.RESERVED, amount=less),
        Stated(amount=Money(1, "USD")),
    ):
        assert type(compared(CHARGE, YES, spoiled)) is Mismatched


@pytest.mark.parametrize("outcome", UNDECIDED, ids=lambda outcome: type(outcome).__name__)
def test_what_decides_nothing_stays_what_it_is(outcome: Outcome) -> None:
    assert compared(CHARGE, outcome, Stated(operation_id="another", amount=Money(1, "USD"))) == outcome
