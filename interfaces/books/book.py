"""The port of a text format: one file, written in pieces, entry after entry."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple, Protocol

from domain.history import Positioned
from domain.ledger.accounts import AccountCode
from interfaces.books.posted import PostedEntry


class Book(Protocol):
    """One file: its pieces of text are written one behind the other."""

    def beginning(self) -> str: ...

    def entry(self, entry: PostedEntry) -> str: ...

    def end(self) -> str: ...


class ClosingBalance(NamedTuple):
    """Debits less credits, in minor units: counted as these tools count."""

    account: AccountCode
    currency: str
    signed_minor: int


class Closing:
    """What the accounts hold after everything that was written, for the end of the file to say."""

    def __init__(self) -> None:
        self._signed: dict[tuple[AccountCode, str], int] = {}
        self._last = date.min

    def take_in(self, entry: PostedEntry) -> None:
        for line in entry.postings:
            key = (line.account, line.amount.currency)
            self._signed[key] = self._signed.get(key, 0) + line.signed_minor
        self._last = max(self._last, entry.day)

    @property
    def day(self) -> date:
        """The day after the last entry's."""
        return self._last + timedelta(days=1)

    def balances(self) -> Iterator[ClosingBalance]:
        """By account and currency."""
        for (code, currency), minor in sorted(self._signed.items()):
            yield ClosingBalance(code, currency, minor)


class Piece(NamedTuple):
    """Some of the file, and how far in the store it has come."""

    text: str
    position: int


def written(book: Book, batches: Iterable[Sequence[Positioned]]) -> Iterator[Piece]:
    """The whole file, piece by piece."""
    yield Piece(book.beginning(), 0)
    for batch in batches:
        if batch:
            text = "".join(book.entry(PostedEntry.of(positioned)) for positioned in batch)
            yield Piece(text, batch[-1].position)
    yield Piece(book.end(), 0)
