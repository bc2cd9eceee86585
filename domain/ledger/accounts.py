"""The chart of accounts: every account there is, its normal side, and the floor below which it may not fall."""

import re
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final, NewType

from msgspec import Struct

from domain.errors import DomainError
from domain.identifiers import MerchantId, ProviderName

AccountCode = NewType("AccountCode", str)
"""An account's name, such as `merchant:mer_…:pending`; each currency has its own balance in it."""


ACCOUNTS_REMEMBERED_MAX = 65_536
_LOT: Final = "@"
_LOT_DUE: Final = re.compile(r"@\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z", re.ASCII)


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


def available(merchant: MerchantId) -> AccountCode:
    """Released to the merchant, to be paid out. Below zero it owes us, up to its limit."""
    return AccountCode(f"merchant:{merchant}:available")


def held(merchant: MerchantId) -> AccountCode:
    """Frozen: by open disputes, for refunds on their way, as a rolling reserve."""
    return AccountCode(f"merchant:{merchant}:held")


def in_transit(merchant: MerchantId) -> AccountCode:
    """On its way to the merchant's bank."""
    return AccountCode(f"merchant:{merchant}:in_transit")


def owed(merchant: MerchantId) -> AccountCode:
    """What the merchant owes us beyond the limit of `available`: a chargeback does not ask."""
    return AccountCode(f"merchant:{merchant}:owed")


def psp_fees(provider: ProviderName) -> AccountCode:
    """What the provider keeps for its service."""
    return AccountCode(f"psp:{provider}:fees")


def psp_reserve(provider: ProviderName) -> AccountCode:
    """What the provider keeps back of our money for a time."""
    return AccountCode(f"psp:{provider}:reserve")


def bank(name: str) -> AccountCode:
    """Money in our own bank account."""
    return AccountCode(f"bank:{name}")


def fx(currency: str) -> AccountCode:
    """Our open position in a currency: converted, and not exchanged at a bank yet."""
    return AccountCode(f"fx:{currency}")


def fx_mark_up() -> AccountCode:
    """Our revenue on conversions."""
    return AccountCode("platform:fx_markup")


def fx_residue() -> AccountCode:
    """What the rounding of conversions left over or took."""
    return AccountCode("platform:fx_residue")


def lot_of(code: AccountCode, due: datetime) -> AccountCode:
    """The part of an account that becomes available at `due`: its balance is kept beside the account's own."""
    return AccountCode(f"{code}{_LOT}{due:%Y-%m-%dT%H:%M:%SZ}")


def is_lot(code: AccountCode) -> bool:
    """Whether it names a part of an account. An account's own name may have an @ in it, of a provider's, say."""
    return _LOT in code and _LOT_DUE.search(code) is not None


def platform_fees() -> AccountCode:
    """Our revenue."""
    return AccountCode("platform:fees")


def platform_losses() -> AccountCode:
    """Our expense: what banks took beyond a payment's budget, where the terms do not have the merchant bear it."""
    return AccountCode("platform:losses")


def platform_provisions() -> AccountCode:
    """Set aside by us for losses that are not final yet: the chargeback is still open."""
    return AccountCode("platform:provisions")


def suspense(provider: ProviderName) -> AccountCode:
    """What a provider has settled and an operator has yet to explain; below zero, what it paid us too much."""
    return AccountCode(f"suspense:psp:{provider}")


# Each posting asks, and the same few accounts are asked for again and again.
@lru_cache(maxsize=ACCOUNTS_REMEMBERED_MAX)
def account(code: AccountCode) -> Account:
    """The account behind `code`, or the lot. Raises UnknownAccount."""
    if is_lot(code):
        # More than a lot has is never taken from it, whatever the account may do.
        return Account(account(AccountCode(code.rpartition(_LOT)[0])).normal, floor_minor=0)
    match code.split(":"):
        case ["psp", _, "clearing" | "fees" | "reserve"] | ["bank", _] | ["holds", _]:
            return Account(Side.DEBIT)
        case ["merchant", _, "pending"]:
            # No floor: a refund gives back the whole amount, and the fee on its capture is not returned.
            return Account(Side.CREDIT)
        case ["merchant", _, "authorized" | "available" | "held" | "in_transit"]:
            return Account(Side.CREDIT, floor_minor=0)
        case ["merchant", _, "owed"]:
            return Account(Side.DEBIT, floor_minor=0)
        case ["platform", "fees" | "fx_markup" | "fx_residue" | "provisions"] | ["fx", _]:
            return Account(Side.CREDIT)
        case ["platform", "losses"] | ["suspense", "psp", _]:
            return Account(Side.DEBIT)
        case _:
            raise UnknownAccount(code=code)
