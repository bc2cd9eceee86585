"""What a provider says in words is kept for ever: made printable, bounded, and free of card numbers."""

from typing import Final

from domain.card_data import holds_card_number

TEXT_CHARACTERS_MAX: Final = 300


def readable(text: str) -> str:
    """`text` without control characters, which Postgres cannot keep in JSON, cut to a length that a line can show."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return "[redacted]" if holds_card_number(printable) else printable[:TEXT_CHARACTERS_MAX]
