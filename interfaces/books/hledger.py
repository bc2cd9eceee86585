"""The journal as hledger reads it: https://hledger.org/1.25/hledger.html#journal-format."""

from domain.money.currencies import decimals
from interfaces.books.account_names import foreign_name
from interfaces.books.book import Closing
from interfaces.books.decimal_text import decimal_text
from interfaces.books.posted import PostedEntry


class Hledger:
    """Accounts and commodities are declared as they come up, so that `hledger check --strict` holds. The last
    transaction moves nothing, and asserts each balance."""

    def __init__(self) -> None:
        self._closing = Closing()
        self._declared: set[str] = set()

    def beginning(self) -> str:
        return "; Tallystick\n"

    def entry(self, entry: PostedEntry) -> str:
        self._closing.take_in(entry)
        reference = entry.reference
        parts = []
        for line in entry.postings:
            currency = line.amount.currency
            for declaration in (f"commodity {_one(currency)}\n", f"account {foreign_name(line.account)}\n"):
                if declaration not in self._declared:
                    self._declared.add(declaration)
                    parts.append(declaration)
        parts.append(f"\n{entry.day} * ({reference.entry}) {reference.cause}\n")
        parts.extend(f"    ; {name}:{value}\n" for name, value in reference.named())
        for line in entry.postings:
            amount = decimal_text(line.signed_minor, line.amount.currency)
            parts.append(f"    {foreign_name(line.account)}  {amount} {line.amount.currency}\n")
        return "".join(parts)

    def end(self) -> str:
        asserted = [
            f"    {foreign_name(code)}  0 {currency} = {decimal_text(minor, currency)} {currency}\n"
            for code, currency, minor in self._closing.balances()
        ]
        return "".join((f"\n{self._closing.day} * closing balances\n", *asserted)) if asserted else ""


def _one(currency: str) -> str:
    """How an amount of it is written, for the directive: it needs its decimal point even where nothing follows."""
    places = decimals(currency)
    return f"1{'.' + '0' * places if places else '.'} {currency}"
