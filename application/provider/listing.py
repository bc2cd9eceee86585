"""The port to what a provider says happened on our account in a time: webhooks that were lost are told there again."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from application.provider.webhook import DisputeNotification, Notification
from domain.identifiers import PaymentId


class ListingFailed(Exception):
    """The provider does not list, or not to its end; the text says why. Nothing follows from what it did list."""


class ListedOperation(Struct, frozen=True, kw_only=True, tag="operation"):
    """What became of an operation at the instant `at`; `payment_id` is ours, where the provider gives it back."""

    notification: Notification
    payment_id: PaymentId | None
    at: datetime


class ListedDispute(Struct, frozen=True, kw_only=True, tag="dispute"):
    """What became of a dispute at the instant `at`; `payment_id` is ours, where the provider gives it back."""

    notification: DisputeNotification
    payment_id: PaymentId | None
    at: datetime


class Unreadable(Struct, frozen=True, kw_only=True, tag="unreadable"):
    """An entry that cannot be read; `name` is the best that it can be found by at the provider."""

    name: str
    reason: str


Listed = ListedOperation | ListedDispute | Unreadable


class Listing(Protocol):
    """One provider's list."""

    def listed(self, since: datetime, until: datetime) -> AsyncIterator[Listed]:
        """All that happened from `since` until before `until`, in whatever order and however often the provider lists
        it; what is of no use to us is left out. Raises ListingFailed."""
        ...
