"""An answer of APS counts only if it is signed with the response phrase and names the order of the request."""

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
    """The parameters of an answer that APS signed."""

    parameters: Mapping[str, str]

    def text(self, name: str) -> str:
        """The parameter `name`; empty where APS sent none."""
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
        """APS's id of the order, at most 20 digits; None where the answer has no valid one."""
        fort_id = self.text("fort_id")
        return fort_id if digits(fort_id, FORT_ID_DIGITS_MAX) else None

    @property
    def amount(self) -> Money | None:
        """The amount of the operation that the answer is about; None where APS sent none. Raises AmountUnreadable."""
        amount, currency = self.text("amount"), self.text("currency")
        if amount and not digits(amount, FORT_ID_DIGITS_MAX):
            raise AmountUnreadable("an amount that is no whole number")
        return stated_amount(UNITS, int(amount) if amount else None, currency or None)

    def total(self, name: str) -> int | None:
        """The parameter `name` as an amount in minor units; None where APS sent none."""
        amount = self.text(name)
        return int(amount) if digits(amount, FORT_ID_DIGITS_MAX) else None


def digits(text: str, digits_max: int) -> bool:
    """Whether `text` is a whole number of 1 to `digits_max` ASCII digits."""
    return 1 <= len(text) <= digits_max and text.isascii() and text.isdigit()


def believed(body: bytes, response_phrase: str, merchant_reference: str) -> Answer | Unknown:
    """The answer in `body`; Unknown for an unsigned one, which may come from another party and proves nothing.

    The result is Mismatched where the answer names another order than `merchant_reference`.
    """
    try:
        said = parameters(body)
    except Unreadable as error:
        return Unknown(f"undecodable answer: {error}")
    if not is_signed(said, response_phrase):
        return Unknown("an answer that APS did not sign")
    if said.get("merchant_reference", merchant_reference) != merchant_reference:
        return Mismatched("an answer about another order")
    return Answer(said)
