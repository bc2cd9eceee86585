"""A store that was never restored."""

from typing import Final

from application.orphans import Pin
from domain.identifiers import PaymentId


class _NoPins:
    """Implements application.orphans.Pins."""

    def of(self, payment_id: PaymentId) -> Pin | None:
        return None


NO_PINS: Final = _NoPins()
