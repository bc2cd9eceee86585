"""Card numbers never enter the core: text that holds one is refused before it can reach an event or a log.

A number is one by three signs together: as many digits as a network issues behind that prefix (`card_issuers`), the
check digit of ISO/IEC 7812-1 annex B (Luhn), and digits that stand together as people write card numbers. Without the
prefix, one in ten of all timestamps, telephone and order numbers would be refused by chance.

The text is read once, from left to right, and no number is looked at that is longer than a card's: the work grows with
the length of the text and no faster, whatever the text is.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from domain.card_issuers import DIGITS_MIN, LENGTHS_BY_PREFIX, PREFIX_DIGITS
from domain.errors import DomainError
from domain.text_pieces import PIECE_CHARACTERS_MAX, pieces

_UUID: Final = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE
)
"""UUIDs, some of which have digits that would pass for a card number; UUIDs are common as idempotency keys."""
_BETWEEN: Final = r"(?:[ \-./]{1,3}|[_:+@]{1,2})"
"""Separators between two groups of digits of one number. Not ` +`: there another telephone number begins."""
_CLUSTER: Final = re.compile(rf"[0-9]++(?:{_BETWEEN}[0-9]++)*+")
"""Groups of digits that may be one number, perhaps with other digits before or behind."""
_GROUP: Final = re.compile("[0-9]+")
_LONG_ENOUGH: Final = re.compile(rf"[0-9](?:[ \-./_:+@]{{0,3}}[0-9]){{{DIGITS_MIN - 1}}}")
"""The part that every card number contains, and hardly any other text: the test spares nearly all texts the closer
one."""
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_GLUED_TO: Final = (15, 16)
"""The lengths of nearly all cards in use: a number of so many digits is found with one more digit before or behind. Of
the other lengths too many numbers that are no card's would be."""

_ONCE: Final = bytes.maketrans(b"0123456789", bytes(range(10)))
_DOUBLED: Final = bytes.maketrans(b"0123456789", bytes(twice % 10 + twice // 10 for twice in range(0, 20, 2)))
"""The value of a digit in Luhn's sum: the digit, or the sum of the digits of its double."""


class CardDataRefused(DomainError):
    """The field seems to hold a card number; a token belongs there."""

    field: str


def holds_card_number(text: str) -> bool:
    """Whether some groups of digits in `text`, of any script, make up a card number; the digits of a UUID do not
    count."""
    if len(text) <= PIECE_CHARACTERS_MAX:
        return _piece_holds_card_number(text)
    return any(map(_piece_holds_card_number, pieces(text)))


def require_no_card_number(field: str, text: str) -> None:
    """Raises CardDataRefused."""
    if holds_card_number(text):
        raise CardDataRefused(field=field)


def percent_decoded(url: str) -> str:
    """The URL as a person reads it: with the characters that its escapes stand for (RFC 3986, section 2.1), and
    spaces where forms write `+`."""
    return _ESCAPE.sub(lambda escape: bytes([int(escape[1], 16)]), url.replace("+", " ").encode()).decode(
        errors="replace"
    )


def _in_ascii_digits(text: str) -> str:
    """`text` with the digits of every script as ASCII digits, every kind of space, dash and sign as the plain one,
    and without characters that have no width."""
    return text.translate({ord(character): _plain(character) for character in set(text) if not character.isascii()})


def _plain(character: str) -> str:
    if (digit := unicodedata.digit(character, None)) is not None:
        return str(digit)
    match unicodedata.category(character):
        case "Cf" | "Mn" | "Me":
            return ""
        case "Zs":
            return " "
        case "Pd":
            return "-"
        case _:
            return "-" if character == "\N{MINUS SIGN}" else unicodedata.normalize("NFKC", character)


def _piece_holds_card_number(text: str) -> bool:
    readable = text if text.isascii() else _in_ascii_digits(text)
    if not _LONG_ENOUGH.search(readable):
        return False
    return any(_holds_card_number(cluster[0]) for cluster in _CLUSTER.finditer(_UUID.sub("|", readable)))


def _holds_card_number(cluster: str) -> bool:
    groups = _GROUP.findall(cluster)
    digits = "".join(groups).encode()
    edges = bytearray(len(digits) + 1)
    for end in accumulate(map(len, groups), initial=0):
        edges[end] = True
    return any(_passes_luhn(digits[start:end]) for start, end in issued_numbers(digits, edges))


def issued_numbers(digits: bytes, edges: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The begin and end, among `digits`, of each number that a network may have issued. `edges` is true where a group
    of digits begins or ends: a number is made of whole groups, or of whole groups but for one digit at either end.

    At each place a bounded number of digits and edges is read.
    """
    for start in range(len(digits) - DIGITS_MIN + 1):
        glued = not edges[start]
        if glued and not (start and edges[start - 1]):
            continue
        for length in LENGTHS_BY_PREFIX.get(digits[start : start + PREFIX_DIGITS], ()):
            end = start + length
            if end > len(digits):
                break
            if glued and length not in _GLUED_TO:
                continue
            if edges[end] or (not glued and length in _GLUED_TO and edges[end + 1 : end + 2] == b"\x01"):
                yield start, end


def _passes_luhn(digits: bytes) -> bool:
    return (sum(digits[-1::-2].translate(_ONCE)) + sum(digits[-2::-2].translate(_DOUBLED))) % 10 == 0
