"""A condition that nobody could follow is found before it is added, and one that can be followed is let pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money.currencies import DECIMALS
from infrastructure.rules.faults import fault_of
from tests.support.routing import PROVIDERS


@pytest.mark.parametrize(
    "when",
    [
        "true",
        "method == 'upi_collect' && country == 'IN'",
        "amount >= 100000 && providers['north'].success_bp > 9000",
        "amount > 3 && amount < 5",
        "amount > 1000u || amount >= 100.5",
        "providers.north.cost < providers.south.cost && providers.south.cost < providers.west.cost",
        "providers.north.success_bp >= providers.south.success_bp + 500",
        "providers.north.cost == -1 && providers.north.samples == 0",
        "currency in ['EUR', \"USD\"] && card_brand != 'visa'",
        "!(currency == 'EUR')",
        "country == '' && card_brand == ''",
        "country > 'M' && country < 'N'",
        "merchant == 'mer_1' || merchant.startsWith('mer_2')",
        "has(providers.north) && 'south' in providers",
        "providers.all(p, providers[p].success_bp > 9000)",
        "['north', 'south'].exists(p, providers[p].cost > 3)",
        "amount / providers.north.samples > 5",
        "amount % 7 == 3",
        "amount < providers.north.cost && providers.north.cost < providers.north.success_bp",
        "!(amount > 0 && amount < 2) ? amount < 3 : false",
        "100 < providers.north.cost && providers.north.cost < providers.south.cost &&"
        " providers.south.cost < amount && amount < 104",
        "(providers.north.cost) < (providers.south.cost) && providers.south.cost < providers.west.cost"
        " && providers.west.cost < 2",
        "amount == 100 // a hundred\n || amount == 200",
        r"merchant == r'C:\new' || merchant == '\u00e9\''",
        "amount > 3 && amount < 5 && currency == 'INR' && method in ['card', 'wallet'] && country in ['IN', 'DE', 'FR']"
        " && card_brand == 'visa' && providers.north.success_bp > 9000 && providers.south.latency_ms_p95 < 800"
        " && providers.west.samples > 100 && providers.west.cost < 100",
    ],
)
def test_a_condition_that_can_be_followed_has_no_fault(when: str) -> None:
    assert fault_of(when, PROVIDERS) is None


@pytest.mark.parametrize(
    ("when", "fault"),
    [
        ("", "does not compile: at character 1"),
        ("amount >", "does not compile: at character 9"),
        ("'EUR", "does not compile: at character 1"),
        ("amount > 92233720368547758070", "does not compile: at character 10, invalid int literal"),
        ("amout > 3", "speaks of “amout”, which is not known"),
        ("method == 'card' || amout > 3", "speaks of “amout”"),
        ("providers.wst.cost > 1", "speaks of provider “wst”, which there is not: only north, south, west"),
        ("providers['wst'].cost > 1", "speaks of provider “wst”"),
        ("has(providers.wst)", "speaks of provider “wst”"),
        ("'wst' in providers || true", "speaks of provider “wst”"),
        ("providers.north.speed > 1", "speaks of “speed”, which is no figure of a provider: only cost,"),
        ("method == 'card' || providers.north.speed > 1", "speaks of “speed”"),
        ("providers.north['speed'] > 1", "cannot be worked out: there is no “speed”"),
        ("rate(amount) > 1", "cannot be worked out: Undefined variable or function: 'rate'"),
        ("amount", "gives a number, not true or false"),
        ("currency", "gives a text, not"),
        ("null", "gives nothing, not"),
        ("providers", "gives a structure, not"),
        ("amount > 5 ? 1 : 2", "gives a number, not"),
        ("method == 'cash'", "compares method with “cash”, which no method can be"),
        ("currency == 'EUX'", "compares currency with “EUX”, which no currency can be"),
        ("'eur' == currency", "compares currency with “eur”"),
        ("currency != 'EUX'", "compares currency with “EUX”"),
        ("currency in ['EUR', 'EUX']", "compares currency with “EUX”"),
        ("country == 'UK'", "compares country with “UK”"),
        ("card_brand == 'Visa'", "compares card_brand with “Visa”"),
        ("false", "can never be true"),
        ("amount < 0", "can never be true"),
        ("amount < 1", "can never be true"),
        ("amount > 100 && amount < 50", "can never be true"),
        ("amount > 100 && amount < 102 && amount != 101", "can never be true"),
        ("currency == 'EUR' && currency == 'USD'", "can never be true"),
        ("providers['north'].success_bp > 10000", "can never be true"),
        ("method == 'card' && providers.north.samples < 0", "can never be true"),
        ("amount == '3'", "can never be true"),
        ("!(amount > 0)", "can never be true"),
        ("amount > 5 ? false : amount > 6", "can never be true"),
        ("amount == -1", "can never be true"),
        (
            "providers.north.cost > amount && providers.north.cost < 2",
            "can never be true",
        ),
        (
            "100 < providers.north.cost && providers.north.cost < providers.south.cost &&"
            " providers.south.cost < amount && amount < 103",
            "can never be true",
        ),
        ("amount > '3'", "cannot be worked out: No such overload"),
        ("currency.cost > 3", "cannot be worked out: No such overload"),
        ("1 / 0 == 1", "cannot be worked out: division by zero"),
        ("amount / 0 > 1", "cannot be worked out: division by zero"),
        ("[1].all(a, [1].all(b, [1].all(c, true)))", "goes through more than 2 lists"),
        ("true" + " || true" * 300, "has more than 2,000 characters"),
    ],
)
def test_a_condition_that_cannot_be_followed_is_told_why(when: str, fault: str) -> None:
    found = fault_of(when, PROVIDERS)
    assert found is not None
    assert fault in found
    assert "\n" not in found


@given(st.integers(1, 2**53), st.integers(1, 2**53))
def test_an_amount_between_two_numbers_is_possible_when_there_is_one(least: int, most: int) -> None:
    fault = fault_of(f"amount >= {least} && amount <= {most}", PROVIDERS)
    assert fault == (None if least <= most else "can never be true")


@given(st.sets(st.sampled_from(sorted(DECIMALS)), min_size=1, max_size=5), st.sampled_from(sorted(DECIMALS)))
def test_a_currency_of_a_list_is_possible_when_it_is_in_the_list(listed: set[str], currency: str) -> None:
    fault = fault_of(f"currency in {sorted(listed)} && currency == '{currency}'", PROVIDERS)
    assert fault == (None if currency in listed else "can never be true")


@given(st.text() | st.text("amountcurey<>=!&|()[]'\" .09", max_size=30))
def test_any_text_has_a_fault_or_none(when: str) -> None:
    fault = fault_of(when, PROVIDERS)
    assert fault is None or "\n" not in fault
