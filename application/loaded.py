"""A payment as its events make it, with what an append to it has to know."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from application.store import EventStore
from domain.errors import DomainError
from domain.history import AnyEvent, Cause, Positioned, Recorded, record
from domain.identifiers import MerchantId, PaymentId
from domain.ledger.entry import entry_id_for
from domain.ledger.rules import entry_for
from domain.payment.events import PaymentEvent
from domain.payment.evolve import evolve, fold
from domain.payment.state import Payment, terms_of


class PaymentNotFound(DomainError):
    """There is no such payment, or it is another merchant's, which must look the same."""


class LoadedPayment(Struct, frozen=True, kw_only=True):
    """`version` is that of the last event in the payment's stream; `created_at` the time of the first."""

    id: PaymentId
    payment: Payment
    version: int
    created_at: datetime

    @property
    def merchant_id(self) -> MerchantId:
        return terms_of(self.payment).merchant_id

    def owned_by(self, merchant_id: MerchantId) -> "LoadedPayment":
        """Itself, for the merchant whose it is. Raises PaymentNotFound for any other."""
        if self.merchant_id != merchant_id:
            raise PaymentNotFound()
        return self

    def record(self, events: Sequence[PaymentEvent], *, cause: Cause, now: datetime) -> tuple[Recorded, ...]:
        """`events` as the next of the payment's stream, with the journal entries they cause."""
        return record_with_entries(self.id, self.version, events, merchant_id=self.merchant_id, cause=cause, now=now)

    def after(self, events: Sequence[PaymentEvent]) -> "LoadedPayment":
        """The payment once `events` have been appended to it."""
        payment = self.payment
        for event in events:
            payment = evolve(payment, event)
        return replace(self, payment=payment, version=self.version + len(events))


async def load(store: EventStore, payment_id: PaymentId) -> LoadedPayment:
    """The payment as it is now. Raises PaymentNotFound, StoreUnavailable."""
    return loaded_from(payment_id, await store.history(payment_id))


def loaded_from(payment_id: PaymentId, history: Sequence[Positioned]) -> LoadedPayment:
    """The payment after `history`, all or the first part of its stream. Raises PaymentNotFound when that is empty."""
    payment = fold(payment_events(history))
    if payment is None:
        raise PaymentNotFound()
    return LoadedPayment(id=payment_id, payment=payment, version=len(history), created_at=history[0].event.recorded_at)


def payment_events(history: Iterable[Positioned]) -> Iterable[PaymentEvent]:
    """The facts of a payment's stream."""
    return (cast("PaymentEvent", positioned.event.data) for positioned in history)


def record_with_entries(
    payment_id: PaymentId,
    version: int,
    events: Sequence[PaymentEvent],
    *,
    merchant_id: MerchantId,
    cause: Cause,
    now: datetime,
) -> tuple[Recorded, ...]:
    """`events` as those after `version` of their payment, each followed by the journal entry it causes."""

    def stamped(stream_id: UUID, version: int, event: AnyEvent, cause: Cause) -> Recorded:
        return record(stream_id, version, event, merchant_id=merchant_id, cause=cause, recorded_at=now)

    recorded: list[Recorded] = []
    for cause_version, event in enumerate(events, start=version + 1):
        recorded.append(stamped(payment_id, cause_version, event, cause))
        entry = entry_for(payment_id, cause_version, event)
        if entry is not None:
            entry_id = entry_id_for(payment_id, cause_version)
            entry_cause = replace(cause, causation_id=f"{payment_id}:{cause_version}")
            recorded.append(stamped(entry_id, 1, entry, entry_cause))
    return tuple(recorded)
