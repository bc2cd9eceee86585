"""A payment begins with its terms, and with an amount that somebody can be asked to pay."""

from collections.abc import Callable
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given

from domain.card_data import CardDataRefused
from domain.identifiers import CustomerId
from domain.money.currencies import UnknownCurrency
from domain.money.money import AMOUNT_MINOR_MAX, AmountOutOfRange, Money
from domain.payment.create import CreatePayment, create
from domain.payment.events import CaptureMethod, PaymentCreated
from domain.payment.evolve import fold
from domain.payment.method import MethodType, PaymentMethod
from domain.payment.state import Created, Terms
from tests.support.card_numbers import DISGUISES, TEST_CARDS, german_mobiles
from tests.support.domain import CARD, MERCHANT, commands_to_create, eur

RETURN_URL = "https://shop.example/back"


def asking_for(
    amount: Money, *, customer: str = "cus_1", token: str = CARD.token, return_url: str = RETURN_URL
) -> CreatePayment:
    return CreatePayment(
        merchant_id=MERCHANT,
        customer_id=CustomerId(customer),
        amount=amount,
        method=PaymentMethod(MethodType.CARD, token),
        capture_method=CaptureMethod.MANUAL,
        return_url=return_url,
    )


def test_a_payment_begins_with_what_was_asked_for() -> None:
    assert create(asking_for(eur("100.00"))) == PaymentCreated(
        merchant_id=MERCHANT,
        customer_id=CustomerId("cus_1"),
        amount=eur("100.00"),
        method=CARD,
        capture_method=CaptureMethod.MANUAL,
        return_url="https://shop.example/back",
    )


@given(commands_to_create)
def test_the_terms_of_a_new_payment_are_those_of_its_command(command: CreatePayment) -> None:
    terms = Terms(
        merchant_id=command.merchant_id,
        customer_id=command.customer_id,
        amount=command.amount,
        method=command.method,
        capture_method=command.capture_method,
        return_url=command.return_url,
    )
    assert fold([create(command)]) == Created(terms=terms)


@pytest.mark.parametrize("minor", [-1, 0, AMOUNT_MINOR_MAX + 1])
def test_an_amount_that_nobody_can_pay_is_refused(minor: int) -> None:
    with pytest.raises(AmountOutOfRange):
        create(asking_for(Money(minor, "EUR")))


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(UnknownCurrency):
        create(asking_for(Money(100, "XXX")))


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (asking_for(eur("1.00"), token="4242 4242 4242 4242"), "payment_method.token"),
        (asking_for(eur("1.00"), customer="378282246310005"), "customer_id"),
    ],
)
def test_a_card_number_where_a_name_or_a_token_belongs_is_refused(command: CreatePayment, field: str) -> None:
    with pytest.raises(CardDataRefused) as refusal:
        create(command)
    assert refusal.value.field == field


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
@pytest.mark.parametrize("number", TEST_CARDS)
def test_a_test_card_in_any_disguise_is_refused_in_every_field(number: str, disguise: Callable[[str], str]) -> None:
    written = disguise(number)
    for command, field in (
        (asking_for(eur("1.00"), customer=written), "customer_id"),
        (asking_for(eur("1.00"), token=f"tok_{written}"), "payment_method.token"),
        (asking_for(eur("1.00"), return_url=f"{RETURN_URL}/{written}"), "return_url"),
        (asking_for(eur("1.00"), return_url=f"{RETURN_URL}?{urlencode({'order': written})}"), "return_url"),
        (asking_for(eur("1.00"), return_url=f"{RETURN_URL}#{quote(written, safe='')}"), "return_url"),
    ):
        with pytest.raises(CardDataRefused) as refusal:
            create(command)
        assert refusal.value.field == field


def test_telephone_numbers_are_names_of_customers() -> None:
    for number in german_mobiles(400, seed=1):
        create(asking_for(eur("1.00"), customer=number, return_url=f"{RETURN_URL}?customer=%2B{number}"))
