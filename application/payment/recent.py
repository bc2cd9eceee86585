"""Payments as this process last saw them, which spare the next command a reading.

Another process may have appended since: an append decided on an old version conflicts, and a refusal is decided again
on the store's version.
"""

from collections import OrderedDict

from application.payment.loaded import LoadedPayment
from domain.identifiers import PaymentId

PAYMENTS_MAX = 4096


class RecentPayments:
    """At most PAYMENTS_MAX payments, those used last."""

    def __init__(self) -> None:
        self._payments: OrderedDict[PaymentId, LoadedPayment] = OrderedDict()

    def get(self, payment_id: PaymentId) -> LoadedPayment | None:
        return self._payments.get(payment_id)

    def forget(self, payment_id: PaymentId) -> None:
        """Drop the payment, so that the next command reads the store."""
        self._payments.pop(payment_id, None)

    def put(self, loaded: LoadedPayment) -> None:
        """Keep a version that the store is known to have; one older than the version kept is ignored."""
        kept = self._payments.get(loaded.id)
        if kept is None or kept.version <= loaded.version:
            self._payments[loaded.id] = loaded
        self._payments.move_to_end(loaded.id)
        if len(self._payments) > PAYMENTS_MAX:
            self._payments.popitem(last=False)
