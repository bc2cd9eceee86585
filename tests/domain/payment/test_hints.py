"""What the merchant says of a payment method helps to choose a provider, and never changes what the payment costs."""

import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.countries import COUNTRIES
from domain.errors import DomainError
from domain.identifiers import CustomerId
from domain.payment.create import CreatePayment, create
from domain.payment.events import CaptureMethod, PaymentCaptured, PaymentCreated
from domain.payment.method import CardBrand
from domain.payment.proceeds import Proceeds
from domain.terms.documents.fees import read_fee_plan
from domain.terms.fee_plan import FeePlan
from tests.support.domain import (
    APPROVED,
    CARD,
    HUNDRED,
    MERCHANT,
    agreed,
    attempt_answered,
    capture_taken,
    confirmed,
    then_,
)
from tests.support.terms import FEES_TEXT

BY_REGION = read_fee_plan(FEES_TEXT, 1)
"""Domestic and EEA cards in EUR cost 1.04 on 100.00, all others 3.20."""


def created(country: str | None, brand: CardBrand | None) -> PaymentCreated:
    return create(
        CreatePayment(
            merchant_id=MERCHANT,
            customer_id=CustomerId("cus_1"),
            amount=HUNDRED,
            method=replace(CARD, country=country, brand=brand),
            capture_method=CaptureMethod.MANUAL,
        )
    )


def brought(country: str | None, brand: CardBrand | None, plan: FeePlan) -> Proceeds:
    history = then_(then_((created(country, brand),), confirmed()), attempt_answered(APPROVED))
    last = capture_taken(history, HUNDRED, pricing=agreed(fees=plan))[-1]
    assert isinstance(last, PaymentCaptured)
    return last.proceeds


@given(st.none() | st.sampled_from(sorted(COUNTRIES)), st.none() | st.sampled_from(CardBrand))
def test_a_hint_never_changes_a_price(country: str | None, brand: CardBrand | None) -> None:
    assert brought(country, brand, BY_REGION) == brought(None, None, BY_REGION)


@pytest.mark.parametrize("country", ["DE", "FR", "US"])
def test_a_merchant_that_says_domestic_pays_what_everybody_pays(country: str) -> None:
    [fee] = brought(country, None, BY_REGION).fees
    assert (fee.rule, fee.amount.minor) == ("default", 320)


@pytest.mark.parametrize("country", ["UK", "ZZ", "EU", "XX", "de", "DEU", ""])
def test_a_country_that_iso_3166_does_not_have_is_refused(country: str) -> None:
    with pytest.raises(DomainError):
        created(country, None)


def test_the_countries_are_those_of_iso_3166_1() -> None:
    assert {country.alpha_2 for country in pycountry.countries} == COUNTRIES
