"""Long text is examined in pieces, so that a thread which examines a file never holds the interpreter for long."""

from collections.abc import Iterator
from typing import Final

PIECE_CHARACTERS_MAX: Final = 16_384
_REACH_CHARACTERS: Final = 1_024
"""The farthest place before its end at which a piece may be cut instead."""
_OVERLAP_CHARACTERS: Final = 128
"""The characters that two pieces share where no better place is found: more than a written card number has."""
_WITHIN_NUMBERS: Final = " -./_:+@"
_BREAKS: Final = frozenset(
    character for character in map(chr, range(128)) if not character.isalnum() and character not in _WITHIN_NUMBERS
)


def pieces(text: str) -> Iterator[str]:
    """The text in order, cut behind characters that stand in no number and no identifier, such as the end of a line.

    Where there are no such characters for long, pieces overlap, and digits around a cut are left out: every number is
    whole in one of the two pieces.
    """
    start = 0
    while len(text) - start > PIECE_CHARACTERS_MAX:
        end = start + PIECE_CHARACTERS_MAX
        cut = next((at + 1 for at in range(end - 1, end - _REACH_CHARACTERS, -1) if text[at] in _BREAKS), None)
        last = cut or _at_space(text, end)
        yield _whole_groups(text, start, last)
        start = cut or _at_space(text, last - _OVERLAP_CHARACTERS)
    yield _whole_groups(text, start, len(text))


def _at_space(text: str, end: int) -> int:
    space = text.rfind(" ", end - _REACH_CHARACTERS, end)
    return end if space < 0 else space


def _whole_groups(text: str, begin: int, end: int) -> str:
    """The piece without a group of digits that begins before it or ends behind it."""
    if _is_within_digits(text, begin):
        begin = next((at for at in range(begin, end) if not text[at].isdigit()), end)
    if _is_within_digits(text, end):
        end = next((at + 1 for at in range(end - 1, begin - 1, -1) if not text[at].isdigit()), begin)
    return text[begin:end]


def _is_within_digits(text: str, at: int) -> bool:
    return 0 < at < len(text) and text[at - 1 : at + 1].isdigit()
