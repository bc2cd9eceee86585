"""The simulator's webhooks, signed as it signs them."""

from collections.abc import Mapping
from datetime import datetime

from application.notification import Notification, NotificationUnreadable, SignatureInvalid, Unhandled


class SimulatorNotifications:
    """Implements application.notification.Notifications. Without a secret no delivery is believed."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        raise SignatureInvalid("the simulator sends no webhooks yet")

    def read(self, body: bytes) -> Notification | Unhandled:
        raise NotificationUnreadable("the simulator sends no webhooks yet")
