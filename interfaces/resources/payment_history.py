"""A payment's events and journal entries as merchants and operators see them."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from domain.event import name_of
from domain.history import AnyEvent, Positioned
from domain.ledger.accounts import Side
from domain.ledger.entry import JournalEntryPosted
from interfaces import ids
from interfaces.resources.payment import Instant
from interfaces.resources.redaction import for_merchant
from projections.payment.audit_timeline import payment_of


class EventResource(Struct, frozen=True, kw_only=True):
    """A recorded event. `data` is its JSON; ids in it are plain UUIDs."""

    position: int
    version: int
    event: str
    recorded_at: Instant
    actor: str
    request_id: str
    trace_id: str
    causation_id: str | None
    data: dict[str, Any]


class TimelineResource(Struct, frozen=True, kw_only=True):
    """An event of a payment, or a journal entry that it caused. `data` is its JSON; ids in it are plain UUIDs."""

    position: int
    payment_id: str
    event: str
    recorded_at: Instant
    actor: str
    request_id: str
    trace_id: str
    causation_id: str | None
    data: dict[str, Any]


class PostingResource(Struct, frozen=True, kw_only=True):
    account: str
    side: Side
    amount: int
    currency: str


class EntryResource(Struct, frozen=True, kw_only=True):
    """A journal entry: debits equal credits in each currency."""

    entry_id: str
    position: int
    cause: str
    cause_version: int
    recorded_at: Instant
    postings: list[PostingResource]


class EventList(Struct, frozen=True, kw_only=True):
    events: list[EventResource]


class Timeline(Struct, frozen=True, kw_only=True):
    timeline: list[TimelineResource]


class EntryList(Struct, frozen=True, kw_only=True):
    entries: list[EntryResource]


def event_resource(positioned: Positioned) -> EventResource:
    """The event as it is stored: for operators."""
    return _event_resource(positioned, positioned.event.data)


def merchant_event_resource(positioned: Positioned) -> EventResource:
    return _event_resource(positioned, for_merchant(positioned.event.data))


def _event_resource(positioned: Positioned, data: AnyEvent) -> EventResource:
    event = positioned.event
    return EventResource(
        position=positioned.position,
        version=event.originator_version,
        event=name_of(event.data),
        recorded_at=event.recorded_at,
        actor=event.actor,
        request_id=event.request_id,
        trace_id=event.trace_id,
        causation_id=event.causation_id,
        data=msgspec.to_builtins(data),
    )


def merchant_timeline_resource(positioned: Positioned) -> TimelineResource:
    event, payment_id = positioned.event, payment_of(positioned)
    assert payment_id is not None, "the timeline is of payments"
    return TimelineResource(
        position=positioned.position,
        payment_id=ids.text_of(ids.PAYMENT, payment_id),
        event=name_of(event.data),
        recorded_at=event.recorded_at,
        actor=event.actor,
        request_id=event.request_id,
        trace_id=event.trace_id,
        causation_id=event.causation_id,
        data=msgspec.to_builtins(for_merchant(event.data)),
    )


def entry_resources(entries: Iterable[Positioned]) -> list[EntryResource]:
    return [_entry_resource(positioned, positioned.event.data) for positioned in entries]


def _entry_resource(positioned: Positioned, entry: object) -> EntryResource:
    assert isinstance(entry, JournalEntryPosted)
    return EntryResource(
        entry_id=ids.text_of(ids.ENTRY, positioned.event.originator_id),
        position=positioned.position,
        cause=entry.cause,
        cause_version=entry.cause_version,
        recorded_at=positioned.event.recorded_at,
        postings=[
            PostingResource(
                account=posting.account,
                side=posting.side,
                amount=posting.amount.minor,
                currency=posting.amount.currency,
            )
            for posting in entry.postings
        ],
    )
