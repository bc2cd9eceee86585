"""What a restored store knows, and a store that was never restored does not need."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from application.payment.lost_charges import LostCharges
from application.payment.orphans import Pin
from domain.identifiers import PaymentId
from tests.support.domain import NOW


class Pinned:
    """Implements application.payment.orphans.Pins, with what a test writes into it."""

    def __init__(self) -> None:
        self.pins: Mapping[PaymentId, Pin] = {}
        self.reopened_at: datetime | None = None

    def of(self, payment_id: PaymentId) -> Pin | None:
        return self.pins.get(payment_id)


NOTHING_LOST: Final = LostCharges(pins=Pinned(), unlisted={}, attempts_max=0, now=lambda: NOW)
