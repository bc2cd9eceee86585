"""A merchant's bank accounts as the merchant sees them: never with a whole number."""

from datetime import datetime

from msgspec import Struct

from application.payout.bank_accounts import LoadedBankAccount
from domain.bank_account.details import Scheme, masked, scheme_of
from interfaces import ids
from projections.payout.bank_accounts import BankAccountRow


class BankAccountResource(Struct, frozen=True, kw_only=True):
    """`account` shows the last digits of its number. One with a `removed_at` is not paid out to any more."""

    bank_account_id: str
    holder_name: str
    currency: str
    country: str
    scheme: Scheme
    account: str
    added_at: datetime
    removed_at: datetime | None


class BankAccountPage(Struct, frozen=True, kw_only=True):
    """Those added last first; `next_cursor` is null on the last page."""

    bank_accounts: list[BankAccountResource]
    next_cursor: str | None


def bank_account_resource(loaded: LoadedBankAccount) -> BankAccountResource:
    account = loaded.bank_account.account
    return BankAccountResource(
        bank_account_id=ids.text_of(ids.BANK_ACCOUNT, loaded.id),
        holder_name=account.holder_name,
        currency=account.currency,
        country=account.country,
        scheme=scheme_of(account.details),
        account=masked(account.details),
        added_at=loaded.added_at,
        removed_at=loaded.removed_at,
    )


def bank_account_row_resource(row: BankAccountRow) -> BankAccountResource:
    return BankAccountResource(
        bank_account_id=ids.text_of(ids.BANK_ACCOUNT, row.bank_account_id),
        holder_name=row.holder_name,
        currency=row.currency,
        country=row.country,
        scheme=row.scheme,
        account=row.account,
        added_at=row.added_at,
        removed_at=row.removed_at,
    )
