"""What counts as a card number, and what only looks like one to a careless eye."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.card_data import CardDataRefused, holds_card_number, require_no_card_number

NUMBERS = {
    "Visa of 13 digits": "4222222222222",
    "Visa": "4242424242424242",
    "Visa of 19 digits": "4000000000000000006",
    "Mastercard": "5555555555554444",
    "Mastercard of the 2 series": "2223003122003222",
    "American Express": "378282246310005",
    "Discover": "6011111111111117",
    "Discover, 644 to 649": "6445644564456445",
    "JCB": "3530111333300000",
    "Diners Club": "30569309025904",
    "Diners Club, 36": "36227206271667",
    "UnionPay": "6200000000000005",
    "Maestro": "6759649826438453",
    "Maestro of 19 digits": "6304000000000000000",
}


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
def test_a_number_of_every_network_is_recognised(number: str) -> None:
    assert holds_card_number(number)


@pytest.mark.parametrize(
    "text",
    [
        "4242 4242 4242 4242",
        "4242-4242-4242-4242",
        "4242.4242.4242.4242",
        "4242/4242/4242/4242",
        "4242  4242  4242  4242",
        "4242\N{NO-BREAK SPACE}4242\N{NO-BREAK SPACE}4242\N{NO-BREAK SPACE}4242",
        "3782 822463 10005",
        "tok_4242424242424242",
        "４２４２４２４２４２４２４２４２",
    ],
)
def test_a_card_number_is_recognised_however_it_is_written(text: str) -> None:
    assert holds_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "the card 5555555555554444 was lost",
        "item 1 4242424242424242",
        "4242424242424242 12",
        "378282246310005 0928",
        "378282246310005 09/28 123",
        "4242424242424242 5555555555554444",
        "4242424242424241 4242424242424242",
        "2026-11-20 4242 4242 4242 4242",
        "0193e6a2-7c1f-7a10-8000-4242424242ab 4242424242424242",
    ],
)
def test_a_card_number_is_recognised_whatever_stands_beside_it(text: str) -> None:
    assert holds_card_number(text)


@given(st.sampled_from(sorted(NUMBERS.values())), st.integers(0, 10**12), st.integers(0, 10**12))
def test_no_other_digits_hide_a_card_number(number: str, before: int, behind: int) -> None:
    assert holds_card_number(f"{before} {number} {behind}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tok_visa",
        "4242424242424241",
        "424242424242",
        "42424242424242424242",
        "4242:4242:4242:4242",
        "order 2026-11-20",
        "+49301234567",
        "192.168.100.200 192.168.100.201",
    ],
)
def test_other_text_is_not_taken_for_one(text: str) -> None:
    assert not holds_card_number(text)


@pytest.mark.parametrize("number", ["1732104000006", "1732104000000000008", "20261120120000005", "0000000000000000"])
def test_a_long_number_that_passes_the_check_by_chance_is_not_taken_for_one(number: str) -> None:
    assert not holds_card_number(number)
    assert not holds_card_number(f"order-{number}")


@given(st.integers(1_000_000_000_000, 1_999_999_999_999), st.sampled_from([1, 10**3, 10**6]))
def test_no_timestamp_until_2033_is_taken_for_one(milliseconds: int, finer: int) -> None:
    assert not holds_card_number(f"order-{milliseconds * finer}")


@given(st.uuids(), st.booleans())
def test_no_uuid_is_taken_for_one(uuid: object, dashed: bool) -> None:
    assert not holds_card_number(f"key:{uuid}" if dashed else str(uuid).replace("-", ""))


def test_a_uuid_whose_digits_pass_the_check_is_not_taken_for_one() -> None:
    assert not holds_card_number("42424242-4242-4242-0000-000000000000")
    assert not holds_card_number("42424242424242420000000000000000")


def test_the_digits_on_both_sides_of_a_uuid_are_not_read_as_one_number() -> None:
    assert not holds_card_number("42424242 01934a2e-6c00-7a10-8000-00000000000a 42424242")


def test_the_refusal_names_the_field_and_not_the_number() -> None:
    with pytest.raises(CardDataRefused) as refused:
        require_no_card_number("reason", "4242424242424242")
    assert "reason" in str(refused.value)
    assert "4242" not in str(refused.value)
