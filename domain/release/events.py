"""What was pending, or held as a reserve, became available: one event a merchant, currency and day."""

from datetime import datetime
from enum import StrEnum

from domain.event import Event
from domain.identifiers import MerchantId
from domain.money.money import Money


class Bucket(StrEnum):
    """The account from which funds are released."""

    PENDING = "pending"
    RESERVE = "reserve"


class FundsReleased(Event, frozen=True, kw_only=True, tag="funds.released.v1"):
    """The whole lot that was due at `due`; `collected` of it paid what the merchant owed us beyond its limit."""

    merchant_id: MerchantId
    bucket: Bucket
    due: datetime
    amount: Money
    collected: Money


ReleaseEvent = FundsReleased
