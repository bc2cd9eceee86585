"""Payments as this process last saw them: they spare the next command a reading, and never have the last word.

Another process may have gone on since. An append decided on an old version conflicts, and a refusal is decided again on
what the store has.
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
        """What is remembered of it has turned out not to be what the store has."""
        self._payments.pop(payment_id, None)

    def put(self, loaded: LoadedPayment) -> None:
        """Keep what the store is known to have; an older version than the one kept is left aside."""
        kept = self._payments.get(loaded.id)
        if kept is None or kept.version <= loaded.version:
            self._payments[loaded.id] = loaded
        self._payments.move_to_end(loaded.id)
        if len(self._payments) > PAYMENTS_MAX:
            self._payments.popitem(last=False)
