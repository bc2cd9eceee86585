"""APS is believed when its answer is signed with the response phrase and speaks of the order that was asked about."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from domain.money.money import Money
from domain.payment.outcome import Mismatched, Unknown
from infrastructure.provider.aps.parameters import Unreadable, parameters
from infrastructure.provider.aps.signature import is_signed
from infrastructure.provider.minor_units import AmountUnreadable, MinorUnits, stated_amount

FORT_ID_DIGITS_MAX: Final = 20
UNITS: Final = MinorUnits()


class Answer(Struct, frozen=True):
    """Parameters that APS signed."""

    parameters: Mapping[str, str]

    def text(self, name: str) -> str:
        """Empty where APS said nothing."""
        return self.parameters.get(name, "")

    @property
    def code(self) -> str:
        return self.text("response_code")

    @property
    def status(self) -> str:
        return self.code[:2]

    @property
    def message(self) -> str:
        return self.code[2:]

    @property
    def fort_id(self) -> str | None:
        """APS's name for the order: up to 20 digits."""
        fort_id = self.text("fort_id")
        return fort_id if digits(fort_id, FORT_ID_DIGITS_MAX) else None

    @property
    def amount(self) -> Money | None:
        """Of the operation that the answer is about. Raises AmountUnreadable."""
        amount, currency = self.text("amount"), self.text("currency")
        if amount and not digits(amount, FORT_ID_DIGITS_MAX):
            raise AmountUnreadable("an amount that is no whole number")
        return stated_amount(UNITS, int(amount) if amount else None, currency or None)

    def total(self, name: str) -> int | None:
        """An amount in minor units; None where APS said none."""
        amount = self.text(name)
        return int(amount) if digits(amount, FORT_ID_DIGITS_MAX) else None


def digits(text: str, digits_max: int) -> bool:
    """Whether `text` is a whole number of so many ASCII digits."""
    return 1 <= len(text) <= digits_max and text.isascii() and text.isdigit()


def believed(body: bytes, response_phrase: str, merchant_reference: str) -> Answer | Unknown:
    """The answer in `body`. An unsigned one may be somebody else's, and says nothing at all."""
    try:
        said = parameters(body)
    except Unreadable as error:
        return Unknown(f"undecodable answer: {error}")
    if not is_signed(said, response_phrase):
        return Unknown("an answer that APS did not sign")
    if said.get("merchant_reference", merchant_reference) != merchant_reference:
        return Mismatched("an answer about another order")
    return Answer(said)
