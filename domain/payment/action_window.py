"""The time that a customer has to act is a versioned policy, named in the event that it dated."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from domain.payment.method import MethodType


class ActionWindow(Struct, frozen=True, kw_only=True):
    """`minutes` from the moment the provider asks, by method. A collect request lives 5 to 15 minutes in the apps; a
    challenge or a wallet's page about as long as a session; a transfer takes days."""

    version: str
    minutes: Mapping[MethodType, int]

    def expiry(self, method: MethodType, asked_at: datetime) -> datetime:
        return asked_at + timedelta(minutes=self.minutes[method])
