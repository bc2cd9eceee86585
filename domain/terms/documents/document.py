"""Documents of terms share the reading of sums by currency, of a place's clock, and the form of refusals."""

from collections.abc import Mapping
from datetime import time
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from msgspec import Meta

from domain.document.strict_document import StrictDocument
from domain.errors import DomainError
from domain.money.currencies import READABLE_DECIMALS
from domain.terms.amounts import OTHERS, Amounts

SUM_MINOR_MAX: Final = 10**12

BasisPoints = Annotated[int, Meta(ge=0, le=10_000)]
Sum = Annotated[int, Meta(ge=0, le=SUM_MINOR_MAX)]
"""A sum in minor units."""


class TermsInvalid(DomainError):
    """The text is no document of terms that can be kept; `line` counts from 1."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class TermsDocument(StrictDocument):
    """Every method raises TermsInvalid."""

    def __init__(self, text: str, *, called: str) -> None:
        super().__init__(text, called=called, refusal=TermsInvalid)

    def amounts(self, written: Mapping[str, Any], *path: str | int) -> Amounts:
        """Sums by currency; `*` for those not named."""
        return {
            self._currency_or_others(name, *path): self.read_as(Sum, written[name], *path, name) for name in written
        }

    def currency(self, code: str, *path: str | int) -> str:
        # What was agreed once is read again and again: it may name a currency that was withdrawn since.
        if code not in READABLE_DECIMALS:
            raise self.refused(f"“{code}” is no currency of ISO 4217", *path)
        return code

    def time_of_day(self, text: str, *path: str | int) -> time:
        try:
            if len(text) != len("17:00"):
                raise ValueError(text)
            return time.fromisoformat(text)
        except ValueError:
            raise self.refused(f"“{text}” is no time of day such as 17:00", *path) from None

    def zone(self, name: str, *path: str | int) -> str:
        try:
            return ZoneInfo(name).key
        except (OSError, ValueError, KeyError):  # a folder, an impossible name, and what is not there
            raise self.refused(f"“{name}” is no time zone such as Europe/Berlin", *path) from None

    def _currency_or_others(self, code: str, *path: str | int) -> str:
        return code if code == OTHERS else self.currency(code, *path, code)
