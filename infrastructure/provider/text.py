"""Texts of providers are kept for ever: made printable, bounded, and free of secrets and card numbers."""

from typing import Final

from domain.redaction import redacted

TEXT_CHARACTERS_MAX: Final = 300
_LOOKED_AT_MAX: Final = 4096
"""The part of a text that is searched for secrets: enough for the characters that are kept."""


def readable(text: str) -> str:
    """`text` without control characters, which Postgres cannot keep in JSON, cut to a length that a line can show."""
    printable = "".join(character if character.isprintable() else " " for character in text[:_LOOKED_AT_MAX])
    return redacted(printable)[:TEXT_CHARACTERS_MAX]
