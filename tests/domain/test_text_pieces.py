"""Text that is examined in pieces says the same as the whole, and no piece is long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.card_data import _piece_holds_card_number, holds_card_number
from domain.text_pieces import PIECE_CHARACTERS_MAX, pieces

UUID = "42424242-4242-4242-8242-424242424242"
NEAR_A_CUT = st.integers(PIECE_CHARACTERS_MAX - 1_300, PIECE_CHARACTERS_MAX + 40)


def lines(characters: int) -> str:
    return ("a" * 499 + "\n") * (characters // 500) + "a" * (characters % 500)


def test_short_text_is_one_piece() -> None:
    assert list(pieces("4242 4242")) == ["4242 4242"]


def test_text_in_lines_is_cut_between_them() -> None:
    text = lines(100_000)
    cut = list(pieces(text))
    assert "".join(cut) == text
    assert all(len(piece) <= PIECE_CHARACTERS_MAX for piece in cut)
    assert all(piece.endswith("\n") for piece in cut[:-1])


@pytest.mark.parametrize("between", ["a", " ", "-", "1 ", "41 "])
@pytest.mark.parametrize("number", ["4242 4242 4242 4242", "4242424242424242", "4-2-4-2-4-2-4-2-4-2-4-2-4-2-4-2"])
@given(before=NEAR_A_CUT)
def test_a_card_number_is_found_wherever_pieces_are_cut(between: str, number: str, before: int) -> None:
    filled = (between * PIECE_CHARACTERS_MAX)[:before]
    assert holds_card_number(f"{filled}\t{number}\t{between * 2_000}"[: 2 * PIECE_CHARACTERS_MAX])


@pytest.mark.parametrize("part", ["4141 ", "1-", "41", "4141-4", "\u0664 ", f"{UUID} ", f"{UUID},"])
@pytest.mark.parametrize("before", [0, 1, 2, 7, 18, 33])
def test_cutting_makes_no_card_number(part: str, before: int) -> None:
    text = "a" * before + " " + part * (PIECE_CHARACTERS_MAX * 5 // 4 // len(part))
    assert holds_card_number(text) == _piece_holds_card_number(text)
