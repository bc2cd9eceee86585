"""The events of a bank account, whose released names never change: a change is a new version."""

from domain.bank_account.details import BankDetails
from domain.event import Event
from domain.identifiers import MerchantId


class BankAccountAdded(Event, frozen=True, kw_only=True, tag="bank_account.added.v1"):
    """`holder_name` is the merchant's spelling; a bank file spells the name in the characters that it may have."""

    merchant_id: MerchantId
    holder_name: str
    currency: str
    country: str
    details: BankDetails


class BankAccountRemoved(Event, frozen=True, kw_only=True, tag="bank_account.removed.v1"):
    """No new payout goes to the account; payouts under way go on."""


BankAccountEvent = BankAccountAdded | BankAccountRemoved
