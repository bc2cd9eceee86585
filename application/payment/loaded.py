"""A payment as its events make it, with the version and times that an append to it needs."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast

from msgspec import Struct
from msgspec.structs import replace

from application.write.recording import record_all
from application.write.store import EventStore
from domain.errors import DomainError
from domain.history import Cause, Positioned, Recorded, of_kind
from domain.identifiers import MerchantId, PaymentId
from domain.payment.events import PaymentEvent
from domain.payment.evolve import evolve, fold
from domain.payment.state import Payment, terms_of


class PaymentNotFound(DomainError):
    """There is no such payment, or the payment is another merchant's, which must look the same."""


class LoadedPayment(Struct, frozen=True, kw_only=True):
    """`version` and `updated_at` are of the last event in the payment's stream, `created_at` of the first."""

    id: PaymentId
    payment: Payment
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def merchant_id(self) -> MerchantId:
        return terms_of(self.payment).merchant_id

    def owned_by(self, merchant_id: MerchantId) -> "LoadedPayment":
        """The same payment, for its own merchant. Raises PaymentNotFound for any other."""
        if self.merchant_id != merchant_id:
            raise PaymentNotFound()
        return self

    def record(
        self, events: Sequence[PaymentEvent], *, cause: Cause, now: datetime, asked_at: datetime | None = None
    ) -> tuple[Recorded, ...]:
        """`events` as the next of the payment's stream, with the journal entries they cause; `asked_at` is when the
        provider was asked for the operation that they end."""
        return record_all(
            self.id,
            self.version,
            events,
            merchant_id=self.merchant_id,
            cause=cause,
            now=now,
            updated_at=self.updated_at,
            asked_at=asked_at,
        )

    def with_payment(self, payment: Payment) -> "LoadedPayment":
        """The same version, with the payment at another stage."""
        return replace(self, payment=payment)

    def after(self, events: Sequence[PaymentEvent], *, now: datetime) -> "LoadedPayment":
        """The payment once `events` have been appended to it, decided on at `now`."""
        payment = self.payment
        for event in events:
            payment = evolve(payment, event)
        updated_at = max(self.updated_at, now) if events else self.updated_at
        return replace(self, payment=payment, version=self.version + len(events), updated_at=updated_at)


async def load(store: EventStore, payment_id: PaymentId) -> LoadedPayment:
    """The payment as it is now. Raises PaymentNotFound, StoreUnavailable."""
    return loaded_from(payment_id, await store.history(payment_id))


def loaded_from(payment_id: PaymentId, history: Sequence[Positioned]) -> LoadedPayment:
    """The payment after `history`, all or the first part of its stream.

    Raises PaymentNotFound where that is empty, or of another kind of stream.
    """
    payment = fold(payment_events(of_kind(history, PaymentEvent)))
    if payment is None:
        raise PaymentNotFound()
    return LoadedPayment(
        id=payment_id,
        payment=payment,
        version=len(history),
        created_at=history[0].event.recorded_at,
        updated_at=history[-1].event.recorded_at,
    )


def payment_events(history: Iterable[Positioned]) -> Iterable[PaymentEvent]:
    """The events of a payment's stream."""
    return (cast("PaymentEvent", positioned.event.data) for positioned in history)
