"""What is wrong with a file of rates is told with its line."""

from hashlib import sha256

from domain.errors import DomainError


class RatesInvalid(DomainError):
    """The text holds no rates that can be used; `line` counts from 1."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


def sha256_of(text: str) -> str:
    """Of the file that `text` was read from as UTF-8; what no UTF-8 can hold counts as its escape."""
    return sha256(text.encode(errors="backslashreplace")).hexdigest()
