"""Card numbers never enter the core: text that holds one is refused before it can reach an event or a log."""

import re

from domain.errors import DomainError

_DIGIT_RUNS = re.compile(r"(?:\d[ -]?){13,19}")
"""ISO/IEC 7812-1: a primary account number has up to 19 digits; 13 is the shortest in use."""
_UUID = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE
)
"""Of random UUIDs one in 500 has digits that would pass for a card number; they are common as idempotency keys."""


class CardDataRefused(DomainError):
    """The field holds what looks like a card number; a token belongs there."""

    field: str


def holds_card_number(text: str) -> bool:
    """Whether `text` contains 13 to 19 digits, perhaps grouped, that pass the Luhn check; the digits of a
    UUID do not count."""
    runs = _DIGIT_RUNS.finditer(_UUID.sub("/", text))
    return any(_passes_luhn(re.sub(r"\D", "", run.group())) for run in runs)


def require_no_card_number(field: str, text: str) -> None:
    """Raises CardDataRefused."""
    if holds_card_number(text):
        raise CardDataRefused(field=field)


def _passes_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
