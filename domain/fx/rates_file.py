"""A fault in a file of rates is refused with its line."""

from hashlib import sha256

from domain.errors import DomainError


class RatesInvalid(DomainError):
    """The text holds no rates that can be used; `line` counts from 1."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


def sha256_of(text: str) -> str:
    """The SHA-256 of the file that `text` was read from as UTF-8; characters that UTF-8 cannot hold count as their
    escapes."""
    return sha256(text.encode(errors="backslashreplace")).hexdigest()
