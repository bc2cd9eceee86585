"""Pending funds, or a reserve, became available, with one event for each merchant, currency and day."""

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
    """The whole lot due at `due` became available; `collected` of it paid the merchant's debt to us beyond its
    limit."""

    merchant_id: MerchantId
    bucket: Bucket
    due: datetime
    amount: Money
    collected: Money


ReleaseEvent = FundsReleased
