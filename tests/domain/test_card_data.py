"""What counts as a card number, and what only looks like one to a careless eye."""

import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.card_data import CardDataRefused, holds_card_number, issued_numbers, require_no_card_number
from tests.support.card_numbers import DISGUISES, TEST_CARDS, german_mobiles, telephone_numbers

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


@given(st.integers(1_400_000_000_000, 1_999_999_999_999), st.sampled_from([1, 10**3, 10**6]))
def test_no_timestamp_from_2014_to_2033_is_taken_for_one(milliseconds: int, finer: int) -> None:
    assert not holds_card_number(f"order-{milliseconds * finer}")


@given(st.uuids(), st.booleans())
def test_no_uuid_is_taken_for_one(uuid: object, dashed: bool) -> None:
    assert not holds_card_number(f"key:{uuid}" if dashed else str(uuid).replace("-", ""))


def test_a_uuid_whose_digits_pass_the_check_is_not_taken_for_one() -> None:
    assert not holds_card_number("42424242-4242-4242-0000-000000000000")
    assert not holds_card_number("42424242424242420000000000000000")


def test_the_digits_on_both_sides_of_a_uuid_are_not_read_as_one_number() -> None:
    assert not holds_card_number("42424242 01934a2e-6c00-7a10-8000-00000000000a 42424242")


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
def test_a_test_card_is_recognised_in_every_disguise(disguise: Any) -> None:
    missed = [number for number in TEST_CARDS if not holds_card_number(disguise(number))]
    assert missed == []


@pytest.mark.parametrize("written", ["{}", "+{}", "00{}", "cus_{}", "tel:+{}"])
def test_no_german_mobile_number_is_taken_for_one(written: str) -> None:
    refused = [number for number in german_mobiles(1000, seed=10) if holds_card_number(written.format(number))]
    assert refused == []


@pytest.mark.parametrize("written", ["{}{}", "+{}{}", "00{}{}", "+{} {}", "+{}-{}", "+{} (0){}", "{}{}@sms.example"])
def test_no_telephone_number_of_any_country_is_taken_for_one(written: str) -> None:
    numbers = [written.format(*number) for number in telephone_numbers(5000, seed=10)]
    assert [number for number in numbers if holds_card_number(number)] == []


def test_two_telephone_numbers_beside_each_other_are_not_read_as_one_number() -> None:
    pairs = list(telephone_numbers(2000, seed=11))
    texts = [f"+{a}{b} +{c}{d}" for (a, b), (c, d) in pairwise(pairs)]
    assert [text for text in texts if holds_card_number(text)] == []


@pytest.mark.parametrize(("digits", "at_most"), [(12, 0), (13, 0.015), (14, 0.01), (15, 0.01), (16, 0.05), (17, 0.1)])
def test_few_random_numbers_are_taken_for_one(digits: int, at_most: float) -> None:
    """docs/PAYMENTS.md says how many, for merchants who number their orders so."""
    source = random.Random(10)
    numbers = [str(source.randrange(10 ** (digits - 1), 10**digits)) for _ in range(4000)]
    assert sum(map(holds_card_number, numbers)) <= at_most * len(numbers)


class CountedBytes(bytes):
    """Counts the bytes that are read of it."""

    read = 0

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        self.read += len(found) if isinstance(found, bytes) else 1
        return found


@pytest.mark.parametrize("group", ["1", "4", "44", "4242", "424242424242424", "4" * 60])
def test_the_work_grows_with_the_text_and_no_faster(group: str) -> None:
    def counted(groups: int) -> tuple[int, int, int]:
        edges = bytearray(len(group) * groups + 1)
        edges[:: len(group)] = b"\x01" * (groups + 1)
        digits, looked_at = CountedBytes((group * groups).encode()), CountedBytes(edges)
        return len(list(issued_numbers(digits, looked_at))), digits.read, looked_at.read

    small, large = counted(1_000), counted(2_000)
    assert all(many <= 2 * few + 400 for few, many in zip(small, large, strict=True))
    assert large[1] <= 4 * len(group) * 2_000
    assert large[2] <= 16 * len(group) * 2_000


@pytest.mark.parametrize("text", ["1-" * 30_000, "4-" * 30_000, "1" * 60_000, "4141 " * 12_000, "\u200b4" * 30_000])
def test_long_text_is_looked_through(text: str) -> None:
    assert not holds_card_number(text)
    assert holds_card_number(f"{text}, 4242424242424242")


def test_the_refusal_names_the_field_and_not_the_number() -> None:
    with pytest.raises(CardDataRefused) as refused:
        require_no_card_number("reason", "4242424242424242")
    assert "reason" in str(refused.value)
    assert "4242" not in str(refused.value)
