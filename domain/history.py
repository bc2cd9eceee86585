"""A recorded event has its place in a stream, its time, and its cause."""

from collections.abc import Sequence
from datetime import datetime
from types import UnionType
from uuid import UUID

from msgspec import Struct
from msgspec.structs import asdict

from domain.bank_account.events import BankAccountEvent
from domain.dead_letter.events import DeadLetterEvent
from domain.dispute.events import DisputeCaseEvent
from domain.fx.events import FxRatesEvent
from domain.identifiers import MerchantId
from domain.ledger.entry import LedgerEvent
from domain.ledger.superseded import JournalEntryPostedV1
from domain.payment.events import PaymentEvent
from domain.payment.superseded import SupersededEvent, upcast
from domain.payout.events import PayoutEvent
from domain.payout_batch.events import PayoutBatchEvent
from domain.release.events import ReleaseEvent
from domain.routing.events import RoutingPolicyEvent
from domain.settlement.events import SettlementEvent
from domain.store.events import StoreEvent
from domain.terms.events import TermsEvent

AnyEvent = (
    PaymentEvent
    | LedgerEvent
    | ReleaseEvent
    | PayoutEvent
    | PayoutBatchEvent
    | BankAccountEvent
    | FxRatesEvent
    | RoutingPolicyEvent
    | TermsEvent
    | DeadLetterEvent
    | DisputeCaseEvent
    | SettlementEvent
    | StoreEvent
)
"""The union of all events; the union that an event belongs to tells the kind of its stream: `isinstance(data,
PaymentEvent)`."""


class Cause(Struct, frozen=True, kw_only=True):
    """`actor` is the key, worker or operator that asked (`key:…`, `worker:recovery`, `operator:…`).

    `causation_id` names the event that led to the recorded one (`<stream>:<version>`); None where a request from
    outside did.
    """

    actor: str
    request_id: str
    trace_id: str
    causation_id: str | None = None


class Recorded(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event of one stream; `originator_version` counts from 1; the event belongs to `merchant_id`.

    `asked_at` is the time at which the provider was asked for the operation that the event ends; None, and not stored,
    for any other event, and where the time is not known.

    Satisfies the eventsourcing library's DomainEventProtocol.
    """

    originator_id: UUID
    originator_version: int
    merchant_id: MerchantId
    recorded_at: datetime
    actor: str
    request_id: str
    trace_id: str
    causation_id: str | None
    asked_at: datetime | None = None
    data: AnyEvent


class RecordedBefore(Struct, frozen=True, kw_only=True):
    """A Recorded as it was stored when its event had an earlier version."""

    originator_id: UUID
    originator_version: int
    merchant_id: MerchantId
    recorded_at: datetime
    actor: str
    request_id: str
    trace_id: str
    causation_id: str | None
    data: SupersededEvent | JournalEntryPostedV1

    def today(self) -> Recorded:
        """The event as a Recorded of the current version."""
        data: AnyEvent
        if isinstance(self.data, JournalEntryPostedV1):
            data = self.data.upcast()
        else:
            data = upcast(self.data, merchant_id=self.merchant_id, recorded_at=self.recorded_at)
        return Recorded(**{**asdict(self), "data": data})


class Positioned(Struct, frozen=True):
    """A recorded event and its position in the one order of all events."""

    position: int
    event: Recorded


def last_recorded_at(history: Sequence[Positioned]) -> datetime | None:
    """The time of a stream's last event; None for an empty stream."""
    return history[-1].event.recorded_at if history else None


def of_kind(history: Sequence[Positioned], kind: type | UnionType) -> Sequence[Positioned]:
    """`history` where its stream is of `kind`, one of the unions of `AnyEvent`; otherwise empty.

    Any stream can be asked for by id: an id under the wrong prefix must name nothing.
    """
    return history if history and isinstance(history[0].event.data, kind) else ()


def record(
    stream_id: UUID,
    version: int,
    event: AnyEvent,
    *,
    merchant_id: MerchantId,
    cause: Cause,
    recorded_at: datetime,
    asked_at: datetime | None = None,
) -> Recorded:
    """`event` as the `version`th of its stream."""
    return Recorded(
        originator_id=stream_id,
        originator_version=version,
        merchant_id=merchant_id,
        recorded_at=recorded_at,
        actor=cause.actor,
        request_id=cause.request_id,
        trace_id=cause.trace_id,
        causation_id=cause.causation_id,
        asked_at=asked_at,
        data=event,
    )
