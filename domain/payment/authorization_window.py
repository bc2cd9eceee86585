"""The time that an authorisation holds is a versioned policy, named in the event that it dated."""

from datetime import datetime, timedelta

from msgspec import Struct


class AuthorizationWindow(Struct, frozen=True, kw_only=True):
    """A fixed number of days from the start of the attempt, when the provider may have reserved the money.

    Visa, Mastercard, Amex and Discover hold a customer's online payment for 7 (Stripe's documentation, "Place a hold
    on a payment method").
    """

    version: str
    days: int

    def expiry(self, started_at: datetime) -> datetime:
        return started_at + timedelta(days=self.days)
