"""A payment begins with its terms, and with an amount that somebody can be asked to pay."""

import pytest
from hypothesis import given

from domain.currencies import UnknownCurrency
from domain.identifiers import CustomerId
from domain.money import AMOUNT_MINOR_MAX, AmountOutOfRange, Money
from domain.payment.create import CreatePayment, create
from domain.payment.events import CaptureMethod, PaymentCreated
from domain.payment.evolve import fold
from domain.payment.state import Created, Terms
from tests.support.domain import CARD, MERCHANT, commands_to_create, eur


def asking_for(amount: Money) -> CreatePayment:
    return CreatePayment(
        merchant_id=MERCHANT,
        customer_id=CustomerId("cus_1"),
        amount=amount,
        method=CARD,
        capture_method=CaptureMethod.MANUAL,
    )


def test_a_payment_begins_with_what_was_asked_for() -> None:
    assert create(asking_for(eur("100.00"))) == PaymentCreated(
        merchant_id=MERCHANT,
        customer_id=CustomerId("cus_1"),
        amount=eur("100.00"),
        method=CARD,
        capture_method=CaptureMethod.MANUAL,
    )


@given(commands_to_create)
def test_the_terms_of_a_new_payment_are_those_of_its_command(command: CreatePayment) -> None:
    terms = Terms(
        merchant_id=command.merchant_id,
        customer_id=command.customer_id,
        amount=command.amount,
        method=command.method,
        capture_method=command.capture_method,
    )
    assert fold([create(command)]) == Created(terms=terms)


@pytest.mark.parametrize("minor", [-1, 0, AMOUNT_MINOR_MAX + 1])
def test_an_amount_that_nobody_can_pay_is_refused(minor: int) -> None:
    with pytest.raises(AmountOutOfRange):
        create(asking_for(Money(minor, "EUR")))


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(UnknownCurrency):
        create(asking_for(Money(100, "XXX")))
