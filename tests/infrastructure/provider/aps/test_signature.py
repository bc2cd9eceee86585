"""APS's signature, on the worked examples of its documentation."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.provider.aps.signature import is_signed, signature

PURCHASE: Final = {
    "command": "PURCHASE",
    "merchant_reference": "Test010",
    "amount": "1000",
    "access_code": "SILgpo7pWbmzuURp2qri",
    "merchant_identifier": "MxvOupuG",
    "currency": "USD",
    "language": "en",
    "customer_email": "test@gmail.com",
}
PURCHASE_SIGNATURE: Final = "94C38AFC7BDAE0114FC8C740EDF12416F22998241CE4B4EA70D5521233A2C882"
TOKENIZATION: Final = {
    "service_command": "TOKENIZATION",
    "language": "en",
    "merchant_identifier": "MxvOupuG",
    "access_code": "SILgpo7pWbmzuURp2qri",
    "merchant_reference": "MyReference0001",
}
TOKENIZATION_SIGNATURE: Final = "7EE560CCD621DA61BFC772F2F1B5849BABDA768F5EE36D4DE67EFA88403E4B99"


@pytest.mark.parametrize(
    ("parameters", "documented"), [(PURCHASE, PURCHASE_SIGNATURE), (TOKENIZATION, TOKENIZATION_SIGNATURE)]
)
def test_the_documented_examples_have_the_documented_signatures(parameters: dict[str, str], documented: str) -> None:
    assert signature(parameters, "PASS") == documented.lower()
    assert is_signed(parameters | {"signature": documented}, "PASS")


def test_nothing_changed_added_or_left_out_is_signed_any_more() -> None:
    signed = PURCHASE | {"signature": PURCHASE_SIGNATURE}
    assert not is_signed(signed | {"amount": "1001"}, "PASS")
    assert not is_signed(signed | {"fort_id": "1"}, "PASS")
    assert not is_signed({name: value for name, value in signed.items() if name != "currency"}, "PASS")
    assert not is_signed(signed, "PASSWORD")
    assert not is_signed(PURCHASE, "PASS")


def test_an_empty_phrase_signs_nothing() -> None:
    assert not is_signed({"amount": "1", "signature": signature({"amount": "1"}, "")}, "")


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=5), st.text(min_size=1, max_size=8))
def test_whatever_is_signed_is_found_to_be(parameters: dict[str, str], phrase: str) -> None:
    assert is_signed(parameters | {"signature": signature(parameters, phrase)}, phrase)
    assert not is_signed(parameters | {"signature": "é"}, phrase)
