"""Card numbers that providers publish for tests, the disguises they come in, and telephone numbers, which are none."""

import random
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import pairwise
from typing import Final

TEST_CARDS: Final = (
    "4242424242424242",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "6011111111111117",
    "3530111333300000",
    "4000000000000002",
    "4000000000009995",
    "4000000000000069",
    "4000000000000127",
    "4000000000000119",
    "4000000000000259",
    "4000000000003220",
    "4000002500003155",
)


def grouped(number: str, separator: str) -> str:
    """As it is printed on the card: four groups of four, or 4-6-5 for American Express."""
    cuts = (0, 4, 10, 15) if len(number) == 15 else (0, 4, 8, 12, 16)
    return separator.join(number[start:end] for start, end in pairwise(cuts))


def spelt(number: str, zero: str) -> str:
    """In the digits of the script whose zero that is."""
    return "".join(chr(ord(zero) + int(digit)) for digit in number)


ASCII_DISGUISES: Final[Mapping[str, Callable[[str], str]]] = {
    "plain": lambda number: number,
    **{
        f"grouped by {separator}": partial(grouped, separator=separator)
        for separator in ("-", ".", "_", ":", "+", "@", "__", "::")
    },
    **{f"behind {sign}": f"a{sign}{{}}".format for sign in ("_", ":", "+", "@", "-", ".")},
    **{f"before {sign}": f"{{}}{sign}a".format for sign in ("_", ":", "+", "@", "-", ".")},
    "glued to a digit before it": lambda number: f"7{number}",
    "glued to a digit behind it": lambda number: f"{number}7",
    "glued to a letter before it": lambda number: f"x{number}",
    "glued to a letter behind it": lambda number: f"{number}x",
    "between letters": lambda number: f"order{number}paid",
    "grouped and glued": lambda number: f"7{grouped(number, '-')}",
    "behind other groups": lambda number: f"12-{number}-2026",
}
"""With characters that an id may have."""

DISGUISES: Final[Mapping[str, Callable[[str], str]]] = {
    **ASCII_DISGUISES,
    **{
        f"grouped by {name}": partial(grouped, separator=separator)
        for name, separator in {
            "spaces": " ",
            "two spaces": "  ",
            "minus signs": "\N{MINUS SIGN}",
            "full-width hyphens": "\N{FULLWIDTH HYPHEN-MINUS}",
            "full-width colons": "\N{FULLWIDTH COLON}",
            "slashes": "/",
            "a dash between spaces": " - ",
            "no-break spaces": "\N{NO-BREAK SPACE}",
            "narrow spaces": "\N{NARROW NO-BREAK SPACE}",
            "ideographic spaces": "\N{IDEOGRAPHIC SPACE}",
            "en dashes": "\N{EN DASH}",
            "no-break hyphens": "\N{NON-BREAKING HYPHEN}",
            "zero-width spaces": "\N{ZERO WIDTH SPACE}",
        }.items()
    },
    **{
        f"with a {name} between digits": between.join
        for name, between in {
            "zero-width space": "\N{ZERO WIDTH SPACE}",
            "zero-width joiner": "\N{ZERO WIDTH JOINER}",
            "word joiner": "\N{WORD JOINER}",
            "soft hyphen": "\N{SOFT HYPHEN}",
            "byte order mark": "\N{ZERO WIDTH NO-BREAK SPACE}",
            "space": " ",
        }.items()
    },
    **{
        f"in {script} digits": partial(spelt, zero=zero)
        for script, zero in {
            "full-width": "\N{FULLWIDTH DIGIT ZERO}",
            "Arabic": "\N{ARABIC-INDIC DIGIT ZERO}",
            "Persian": "\N{EXTENDED ARABIC-INDIC DIGIT ZERO}",
            "Devanagari": "\N{DEVANAGARI DIGIT ZERO}",
            "mathematical": "\N{MATHEMATICAL BOLD DIGIT ZERO}",
        }.items()
    },
    "in keycaps": lambda number: "".join(f"{digit}\ufe0f\u20e3" for digit in number),
    "in a sentence": lambda number: f"the card {grouped(number, ' ')} was lost",
    "in nested text": lambda number: f'{{"note":{{"lines":["a","card: {number}"]}}}}',
    "in a URL": lambda number: f"https://shop.example/back?card={number}&x=1",
}

GERMAN_MOBILE_PREFIXES: Final = tuple(
    [(prefix, 8) for prefix in ("151", "152", "157", "159", "160", "171", "176")]
    + [(prefix, 7) for prefix in ("160", "162", "170", "171", "172", "175", "177", "178", "179")]
)
"""Each with the digits that follow it."""
NATIONAL_DIGITS: Final = {
    **{"1": (10,), "7": (10,), "20": (10,), "27": (9,), "30": (10,), "31": (9,), "32": (8, 9), "33": (9,), "34": (9,)},
    **{"36": (8, 9), "39": (8, 9, 10, 11), "40": (9,), "41": (9,), "43": (10, 11), "44": (10,), "45": (8,), "46": (9,)},
    **{"47": (8,), "48": (9,), "51": (9,), "52": (10, 11), "54": (10, 11), "55": (10, 11), "56": (9,), "57": (10,)},
    **{"58": (10,), "60": (9, 10), "61": (9,), "62": (9, 10, 11, 12), "63": (10,), "64": (8, 9, 10), "65": (8,)},
    **{"66": (9,), "81": (9, 10), "82": (9, 10), "84": (9,), "86": (11,), "90": (10,), "91": (10,), "92": (10,)},
    **{"234": (10,), "254": (9,), "351": (9,), "352": (9,), "353": (9,), "358": (9, 10), "380": (9,), "420": (9,)},
    **{"502": (8,), "503": (8,), "506": (8,), "593": (9,), "598": (8,), "670": (8,), "675": (8,), "966": (9,)},
}
"""How many digits follow a country's calling code (ITU-T E.164 and the countries' numbering plans)."""


def _digits(source: random.Random, count: int) -> str:
    return "".join(source.choices("0123456789", k=count))


def german_mobiles(count: int, seed: int) -> Iterator[str]:
    """With the country's code and no sign before it."""
    source = random.Random(seed)
    for _ in range(count):
        prefix, subscriber = source.choice(GERMAN_MOBILE_PREFIXES)
        yield f"49{prefix}{_digits(source, subscriber)}"


def telephone_numbers(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Calling code and national number, of every country in the table in turn."""
    source = random.Random(seed)
    countries = sorted(NATIONAL_DIGITS)
    for number in range(count):
        code = countries[number % len(countries)]
        yield code, source.choice("123456789") + _digits(source, source.choice(NATIONAL_DIGITS[code]) - 1)
