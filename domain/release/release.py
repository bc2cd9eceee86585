"""A due lot is released whole, and pays the merchant's debt to us before the merchant can dispose of it."""

from datetime import datetime
from typing import Final, assert_never
from uuid import NAMESPACE_URL, UUID, uuid5

from msgspec import Struct

from domain.errors import DomainError
from domain.identifiers import MerchantId
from domain.ledger.accounts import AccountCode, held, lot_of, pending
from domain.money.money import CurrencyMismatch, Money
from domain.release.events import Bucket, FundsReleased

RELEASED_MINOR_MAX: Final = 2**62
"""The most that one release takes: more than any day brings, and less than a store refuses in one change of a
balance."""
RELEASES: Final = uuid5(NAMESPACE_URL, "tallystick:releases")


class NotDueYet(DomainError):
    """The lot becomes available later."""

    due: datetime


class Lot(Struct, frozen=True, kw_only=True):
    """The money that becomes available to a merchant in one currency at one instant, from one of its accounts."""

    merchant_id: MerchantId
    bucket: Bucket
    currency: str
    due: datetime

    @property
    def account(self) -> AccountCode:
        """The account whose balance the append keeps."""
        return lot_of(_source(self.bucket, self.merchant_id), self.due)

    @property
    def stream_id(self) -> UUID:
        """The derived id of the lot's stream, by which a second release finds the first."""
        return uuid5(RELEASES, f"{self.account}:{self.currency}")


def release(lot: Lot, amount: Money, owed: Money, now: datetime) -> tuple[FundsReleased, ...]:
    """Release `amount`, all of the lot, or the most that one release takes; no event where the lot is empty.

    Raises NotDueYet, CurrencyMismatch.
    """
    if amount.currency != lot.currency:
        raise CurrencyMismatch(expected=lot.currency, actual=amount.currency)
    if now < lot.due:
        raise NotDueYet(due=lot.due)
    if amount.minor <= 0:
        return ()
    amount = min(amount, Money(RELEASED_MINOR_MAX, lot.currency))
    return (
        FundsReleased(
            merchant_id=lot.merchant_id,
            bucket=lot.bucket,
            due=lot.due,
            amount=amount,
            collected=max(min(amount, owed), Money(0, lot.currency)),
        ),
    )


def lot_behind(code: AccountCode, currency: str) -> Lot | None:
    """The lot of an account's code; None where the account is no lot, or its lots are not released."""
    account, _, due = code.rpartition("@")
    match account.split(":"):
        case ["merchant", merchant_id, "pending"]:
            bucket = Bucket.PENDING
        case ["merchant", merchant_id, "held"]:
            bucket = Bucket.RESERVE
        case _:
            return None
    if not due:
        return None
    return Lot(merchant_id=MerchantId(merchant_id), bucket=bucket, currency=currency, due=datetime.fromisoformat(due))


def _source(bucket: Bucket, merchant_id: MerchantId) -> AccountCode:
    match bucket:
        case Bucket.PENDING:
            return pending(merchant_id)
        case Bucket.RESERVE:
            return held(merchant_id)
        case _:
            assert_never(bucket)
