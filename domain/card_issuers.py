"""Which digits begin a payment card's number, and how many digits such a number has.

Sources: Wikipedia, "Payment card number", section "Issuer identification number" (the ranges); Braintree's published
list `credit-card-type` (the lengths in use). Visa's 13 digits are extinct but for a few dozen old ranges; those that
begin like the telephone numbers of Austria and Germany (+43, +49), which have 13 digits too, are left out. Maestro's
12 to 15 digits are left out: no issuer is known that uses them, and telephone numbers of the Philippines, Colombia and
Venezuela begin like them.
"""

from typing import Final, NamedTuple


class IssuerRange(NamedTuple):
    """Numbers that begin with `first` to `last`, both of the same number of digits, have one of these `lengths`."""

    first: str
    last: str
    lengths: tuple[int, ...]


ISSUER_RANGES: Final = (
    IssuerRange("4", "4", (16, 19)),  # Visa
    IssuerRange("40", "42", (13,)),
    IssuerRange("44", "48", (13,)),
    IssuerRange("51", "55", (16,)),  # Mastercard
    IssuerRange("2221", "2720", (16,)),
    IssuerRange("34", "34", (15,)),  # American Express
    IssuerRange("37", "37", (15,)),
    IssuerRange("6011", "6011", (16, 19)),  # Discover
    IssuerRange("644", "649", (16, 19)),
    IssuerRange("65", "65", (16, 19)),  # and RuPay
    IssuerRange("3528", "3589", (16, 17, 18, 19)),  # JCB
    IssuerRange("300", "305", (14, 16, 19)),  # Diners Club
    IssuerRange("36", "36", (14, 16, 19)),
    IssuerRange("38", "39", (14, 16, 19)),
    IssuerRange("62", "62", (16, 17, 18, 19)),  # UnionPay
    IssuerRange("81", "81", (16, 17, 18, 19)),  # UnionPay, RuPay
    IssuerRange("50", "50", (16, 17, 18, 19)),  # Maestro, RuPay, Elo, Verve, Dankort
    IssuerRange("56", "58", (16, 17, 18, 19)),  # Maestro, mada
    IssuerRange("63", "63", (16, 17, 18, 19)),
    IssuerRange("67", "67", (16, 17, 18, 19)),
    IssuerRange("60", "60", (16,)),  # RuPay, mada
    IssuerRange("82", "82", (16,)),  # RuPay
    IssuerRange("9682", "9682", (16,)),  # mada
    IssuerRange("2200", "2204", (16,)),  # Mir
)
PREFIX_DIGITS: Final = 4


def _lengths_by_prefix() -> dict[bytes, tuple[int, ...]]:
    lengths: dict[bytes, set[int]] = {}
    for issued in ISSUER_RANGES:
        first, last = issued.first.ljust(PREFIX_DIGITS, "0"), issued.last.ljust(PREFIX_DIGITS, "9")
        for prefix in range(int(first), int(last) + 1):
            lengths.setdefault(b"%d" % prefix, set()).update(issued.lengths)
    return {prefix: tuple(sorted(found)) for prefix, found in lengths.items()}


LENGTHS_BY_PREFIX: Final = _lengths_by_prefix()
"""The possible lengths of a number, by its first four digits."""
DIGITS_MIN: Final = min(map(min, LENGTHS_BY_PREFIX.values()))
