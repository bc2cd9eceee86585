"""The journal as beancount reads it: https://beancount.github.io/docs/beancount_language_syntax.html."""

import json

from interfaces.books.account_names import foreign_name
from interfaces.books.book import Closing
from interfaces.books.decimal_text import decimal_text
from interfaces.books.posted import PostedEntry, Reference

_OPENED_ON = "1970-01-01"
"""Every account: the clock of another process may have been a day behind that of the one that wrote its first entry."""


class Beancount:
    """Accounts are opened as they come up. The end asserts each balance, to the last minor unit, so that `bean-check`
    finds a line that is missing or changed."""

    def __init__(self) -> None:
        self._closing = Closing()
        self._opened: set[str] = set()

    def beginning(self) -> str:
        return 'option "title" "Tallystick"\n'

    def entry(self, entry: PostedEntry) -> str:
        self._closing.take_in(entry)
        reference = entry.reference
        postings = []
        for line in entry.postings:
            name, amount = foreign_name(line.account), decimal_text(line.signed_minor, line.amount.currency)
            postings.append((name, f"  {name}  {amount} {line.amount.currency}\n"))
        fresh = [name for name in dict.fromkeys(name for name, _ in postings) if name not in self._opened]
        self._opened.update(fresh)
        return "".join(
            (
                *(f"{_OPENED_ON} open {name}\n" for name in fresh),
                f"\n{entry.day} * {_value(reference.cause)}{_link(reference)}\n",
                *(f"  {name}: {_value(value)}\n" for name, value in reference.named()),
                *(text for _, text in postings),
            )
        )

    def end(self) -> str:
        """On the day after the last: beancount's balance is that of a day's beginning. Its usual tolerance is set to
        nothing."""
        return "".join(
            f"\n{self._closing.day} balance {foreign_name(code)}  {decimal_text(minor, currency)} ~ 0 {currency}"
            for code, currency, minor in self._closing.balances()
        )


def _value(value: str | int) -> str:
    """A string of beancount's, or a number."""
    return json.dumps(value, ensure_ascii=False)


def _link(reference: Reference) -> str:
    """To the other entries of its payment."""
    return "" if reference.payment is None else f" ^{reference.payment}"
