"""What a file says is made of the characters that every bank takes, and never cut or guessed in silence."""

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bank_account.sepa_text import REMITTANCE_MAX, sepa_remittance, sepa_text

ALLOWED = set(string.ascii_letters + string.digits + "/-?:().,'+ ")
SPELT = {
    "Müller & Söhne GmbH": "Muller + Sohne GmbH",
    "Straße": "Strasse",
    "Ødegård Æble": "Odegard Aeble",
    "Łódź": "Lodz",
    "Đorđević": "Dordevic",
    "İstanbul ılık": "Istanbul ilik",
    "Иван Щербаков": "Ivan Shterbakov",
    "Γιώργος": "Giorgos",
    "O’Brien – “Sons”": "O'Brien - .Sons.",
    "№ 5 ﬁne": "No 5 fine",
    "a//b/": "a/b",
    "me@example": "me(at)example",
    "one\ttwo\n three": "one two three",
    "soft\u00adhyphen": "softhyphen",
}


@pytest.mark.parametrize(("text", "spelt"), SPELT.items())
def test_text_is_spelt(text: str, spelt: str) -> None:
    assert sepa_text(text) == spelt


@pytest.mark.parametrize("text", ["王小明", "Anna 王", "שלום", "مرحبا", "\x00", "١٢٣"])
def test_what_would_be_guessed_is_not_spelt(text: str) -> None:
    assert sepa_text(text) is None


@given(st.text())
def test_whatever_is_spelt_is_made_of_what_banks_take(text: str) -> None:
    spelt = sepa_text(text)
    if spelt is not None:
        assert set(spelt) <= ALLOWED
        assert "//" not in spelt
        assert spelt == spelt.strip("/ ")
        assert sepa_text(spelt) == spelt


@given(st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x17F, exclude_categories=["C"])))
def test_the_letters_of_europe_are_all_spelt(text: str) -> None:
    assert sepa_text(text) is not None


@given(st.text(alphabet=[c for c in map(chr, range(0x370, 0x460)) if unicodedata.category(c) in ("Lu", "Ll")]))
def test_greek_and_cyrillic_letters_are_spelt_or_not_of_a_modern_alphabet(text: str) -> None:
    spelt = sepa_text(text)
    archaic = [character for character in text if sepa_text(character) is None]
    assert (spelt is None) == bool(archaic)
    assert not set("αβγδεζηθικλμνξοπρστυφχψωабвгдежзийклмнопрстуфхцчшщъьюя") & {c.lower() for c in archaic}


@given(st.text())
def test_a_remittance_always_fits_whatever_it_says(text: str) -> None:
    said = sepa_remittance(text)
    assert len(said) <= REMITTANCE_MAX
    assert set(said) <= ALLOWED
    assert said == said.strip("/ ")
