"""A day of the ECB's rates in its file, with the lines that faults point at."""

import re
from datetime import date
from typing import Final

from msgspec import Struct

from domain.fx.rates_file import RatesInvalid

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_IN_WORDS = re.compile(rf"(\d\d?) ({'|'.join(_MONTHS)}) (\d{{4}})", re.ASCII)
_CODE = re.compile(r"[A-Z]{3}", re.ASCII)


class WrittenRate(Struct, frozen=True):
    currency: str
    text: str
    line: int


class Day(Struct, frozen=True):
    date: date
    rates: tuple[WrittenRate, ...]
    line: int


def day_of(text: str, line: int) -> date:
    """`2026-11-20`, or `20 November 2026` as in eurofxref.csv. Raises RatesInvalid."""
    try:
        if iso := _ISO.fullmatch(text):
            return date(int(iso[1]), int(iso[2]), int(iso[3]))
        if words := _IN_WORDS.fullmatch(text):
            return date(int(words[3]), _MONTHS.index(words[2]) + 1, int(words[1]))
    except ValueError:
        pass
    raise RatesInvalid(line=line, reason=f"“{text[:40]}” is no day")


def code_of(text: str, line: int) -> str:
    """Raises RatesInvalid."""
    if _CODE.fullmatch(text) is None:
        raise RatesInvalid(line=line, reason=f"“{text[:40]}” is no code of a currency")
    return text
