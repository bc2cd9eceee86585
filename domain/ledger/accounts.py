"""The chart of accounts: every account there is, its normal side, and the floor below which it may not fall."""

from enum import StrEnum
from functools import lru_cache
from typing import NewType

from msgspec import Struct

from domain.errors import DomainError
from domain.identifiers import MerchantId, ProviderName

AccountCode = NewType("AccountCode", str)
"""An account's name, such as `merchant:mer_…:pending`; each currency has its own balance in it."""


ACCOUNTS_REMEMBERED_MAX = 65_536


class Side(StrEnum):
    DEBIT = "debit"
    CREDIT = "credit"


class Account(Struct, frozen=True):
    """`normal` is the side that makes the account grow. `floor_minor` is the least balance, counted on that side,
    that an append may leave; None means that the account has no limit."""

    normal: Side
    floor_minor: int | None = None


class UnknownAccount(DomainError):
    """The code is none of the chart's."""

    code: str


def psp_clearing(provider: ProviderName) -> AccountCode:
    """What a provider has captured for us and still owes us."""
    return AccountCode(f"psp:{provider}:clearing")


def holds(provider: ProviderName) -> AccountCode:
    """Memorandum contra of the merchants' authorised funds: reserved at the provider, not yet money."""
    return AccountCode(f"holds:{provider}")


def authorized(merchant: MerchantId) -> AccountCode:
    """Memorandum: reserved for the merchant, not yet money."""
    return AccountCode(f"merchant:{merchant}:authorized")


def pending(merchant: MerchantId) -> AccountCode:
    """Captured for the merchant and not yet released to it."""
    return AccountCode(f"merchant:{merchant}:pending")


def held(merchant: MerchantId) -> AccountCode:
    """Frozen by open disputes."""
    return AccountCode(f"merchant:{merchant}:held")


def platform_fees() -> AccountCode:
    """Our revenue."""
    return AccountCode("platform:fees")


# Each posting asks, and the same few accounts are asked for again and again.
@lru_cache(maxsize=ACCOUNTS_REMEMBERED_MAX)
def account(code: AccountCode) -> Account:
    """The account behind `code`. Raises UnknownAccount."""
    match code.split(":"):
        case ["psp", _, "clearing" | "fees"] | ["bank", _] | ["holds", _]:
            return Account(Side.DEBIT)
        case ["merchant", _, "pending"]:
            # No floor: a refund gives back the whole amount, and the fee on its capture is not returned.
            return Account(Side.CREDIT)
        case ["merchant", _, "authorized" | "available" | "held" | "in_transit"]:
            return Account(Side.CREDIT, floor_minor=0)
        case ["platform", "fees"] | ["fx", _]:
            return Account(Side.CREDIT)
        case _:
            raise UnknownAccount(code=code)
