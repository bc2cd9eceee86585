"""Everything that can happen to a bank account. A released name is never edited: a change is a new version."""

from domain.bank_account.details import BankDetails
from domain.event import Event
from domain.identifiers import MerchantId


class BankAccountAdded(Event, frozen=True, kw_only=True, tag="bank_account.added.v1"):
    """`holder_name` is as the merchant wrote it; a bank file spells it in the characters that it may have."""

    merchant_id: MerchantId
    holder_name: str
    currency: str
    country: str
    details: BankDetails


class BankAccountRemoved(Event, frozen=True, kw_only=True, tag="bank_account.removed.v1"):
    """Nothing more is paid out to it; what is under way goes on."""


BankAccountEvent = BankAccountAdded | BankAccountRemoved
