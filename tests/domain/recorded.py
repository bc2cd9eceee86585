"""Any event there is, with any facts its type allows, as the store would hold it."""

from datetime import UTC, date, datetime, timedelta
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin
from uuid import UUID

import msgspec
from hypothesis import strategies as st

from domain.event import Event
from domain.history import AnyEvent, Recorded
from domain.identifiers import MerchantId, PaymentId
from domain.ledger.accounts import Side, holds, pending, platform_fees, psp_clearing
from domain.ledger.entry import JournalEntryPosted, Posting
from domain.money.money import Money
from tests.support.domain import ACQUIRER, DUE, MERCHANT, amounts, signed_amounts, texts

EVENT_TYPES: tuple[type[Event], ...] = get_args(AnyEvent)

instants: st.SearchStrategy[datetime] = st.datetimes(timezones=st.just(UTC))
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    bool: st.booleans(),
    int: st.integers(-(2**31), 2**31),
    NoneType: st.none(),
    date: st.dates(),
    UUID: st.uuids(),
    datetime: instants,
    Money: signed_amounts(),
    dict[str, str]: st.dictionaries(texts, texts, max_size=3),
}
dues = st.none() | st.sampled_from([DUE, DUE + timedelta(days=1)])
codes = st.sampled_from([psp_clearing(ACQUIRER), holds(ACQUIRER), pending(MERCHANT), platform_fees()])


@st.composite
def balanced_postings(draw: st.DrawFn) -> tuple[Posting, ...]:
    postings: list[Posting] = []
    for _ in range(draw(st.integers(1, 4))):
        amount = draw(amounts())
        postings.append(Posting(draw(codes), Side.DEBIT, amount, draw(dues)))
        postings.append(Posting(draw(codes), Side.CREDIT, amount, draw(dues)))
    return tuple(postings)


journal_entries: st.SearchStrategy[JournalEntryPosted] = st.builds(
    JournalEntryPosted,
    cause_id=st.uuids(),
    payment_id=st.none() | st.builds(PaymentId, st.uuids()),
    merchant_id=st.builds(MerchantId, texts),
    cause=texts,
    cause_version=st.integers(1, 2**31),
    postings=balanced_postings(),
)


def events_of(event_type: type[Event]) -> st.SearchStrategy[Any]:
    """Any event of `event_type`: a new field of a known kind needs nothing here."""
    return journal_entries if event_type is JournalEntryPosted else _structs_of(event_type)


def recorded(event_type: type[Event]) -> st.SearchStrategy[Recorded]:
    """Any event of `event_type` at any place in any stream, caused by anybody."""
    return st.builds(
        Recorded,
        originator_id=st.uuids(),
        originator_version=st.integers(1, 2**31),
        merchant_id=st.builds(MerchantId, texts),
        recorded_at=instants,
        actor=texts,
        request_id=texts,
        trace_id=texts,
        causation_id=st.none() | texts,
        data=events_of(event_type),
    )


def _structs_of(struct: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    fields = msgspec.structs.fields(struct)
    return st.builds(struct, **{field.name: _values_of(field.type) for field in fields})


def _values_of(annotation: Any) -> st.SearchStrategy[Any]:
    kind = getattr(annotation, "__supertype__", annotation)
    if get_origin(kind) is UnionType or get_origin(kind) is Union:
        return st.one_of(*map(_values_of, get_args(kind)))
    if get_origin(kind) is tuple:
        return st.lists(_values_of(get_args(kind)[0]), max_size=3).map(tuple)
    if kind in PLAIN:
        return PLAIN[kind]
    return st.sampled_from(kind) if issubclass(kind, Enum) else _structs_of(kind)
