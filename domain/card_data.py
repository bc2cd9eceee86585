"""Card numbers never enter the core: text that holds one is refused before it can reach an event or a log.

A number is one by what it is, not by where it stands: 13 to 19 digits (up to 19 by ISO/IEC 7812-1; 13 is the shortest
in use), a prefix that a network issues at that length, and the check digit of ISO/IEC 7812-1 annex B (Luhn). Without
the prefix, one in ten of all timestamps and order numbers would be refused by chance.
"""

import re
from collections.abc import Container, Iterator
from typing import NamedTuple

from domain.errors import DomainError

_DIGITS_MIN, _DIGITS_MAX = 13, 19


class _Prefixes(NamedTuple):
    """The numbers that begin with `first` to `last` are a network's, in these `lengths`."""

    first: int
    last: int
    lengths: Container[int]


_ISSUED = (
    _Prefixes(4, 4, (13, 16, 19)),  # Visa
    _Prefixes(51, 55, (16,)),  # Mastercard
    _Prefixes(2221, 2720, (16,)),
    _Prefixes(34, 34, (15,)),  # American Express
    _Prefixes(37, 37, (15,)),
    _Prefixes(6011, 6011, range(16, 20)),  # Discover
    _Prefixes(644, 649, range(16, 20)),
    _Prefixes(65, 65, range(16, 20)),
    _Prefixes(3528, 3589, range(16, 20)),  # JCB
    _Prefixes(300, 305, range(14, 20)),  # Diners Club
    _Prefixes(36, 36, range(14, 20)),
    _Prefixes(38, 39, range(14, 20)),
    _Prefixes(62, 62, range(16, 20)),  # UnionPay
    _Prefixes(50, 50, range(13, 20)),  # Maestro
    _Prefixes(56, 58, range(13, 20)),
    _Prefixes(63, 63, range(13, 20)),
    _Prefixes(67, 67, range(13, 20)),
)
"""The ranges the networks publish, as Wikipedia's "Payment card number" gathers them."""

_UUID = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE
)
"""Of random UUIDs some have digits that would pass for a card number; they are common as idempotency keys."""
_GROUPS = re.compile(r"\d+(?:[ \-./\N{NO-BREAK SPACE}]{1,2}\d+)*")
"""Groups of digits as people write card numbers, perhaps with other digits before or behind."""
_LONG_ENOUGH = re.compile(r"(?:\d[ \-./\N{NO-BREAK SPACE}]{0,2}){12}\d")
"""What every card number contains, and hardly any other text: it spares nearly all of it a closer look."""


class CardDataRefused(DomainError):
    """The field holds what looks like a card number; a token belongs there."""

    field: str


def holds_card_number(text: str) -> bool:
    """Whether some groups of digits in `text` make up a card number; the digits of a UUID do not count."""
    if not _LONG_ENOUGH.search(text):
        return False
    without_uuids = _UUID.sub("|", text)
    return any(
        _is_issued(digits) and _passes_luhn(digits)
        for groups in _GROUPS.findall(without_uuids)
        for digits in _candidates(re.findall(r"\d+", groups))
    )


def require_no_card_number(field: str, text: str) -> None:
    """Raises CardDataRefused."""
    if holds_card_number(text):
        raise CardDataRefused(field=field)


def _candidates(groups: list[str]) -> Iterator[str]:
    """The digits of every run of neighbouring groups that is as long as a card number."""
    for start in range(len(groups)):
        digits = ""
        for group in groups[start:]:
            digits += group
            if len(digits) > _DIGITS_MAX:
                break
            if len(digits) >= _DIGITS_MIN:
                yield digits


def _is_issued(digits: str) -> bool:
    return any(
        len(digits) in lengths and first <= int(digits[: len(str(first))]) <= last for first, last, lengths in _ISSUED
    )


def _passes_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
