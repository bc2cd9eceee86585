"""A command is encoded once, at submission, as byte strings in Postgres' binary format."""

# The commands of the next batch are encoded while a batch is in the database; between two batches byte strings are
# joined, and nothing else is done.

import struct
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from application.write.store import Answer, Append, Claim, Settlement
from domain.event import Event, name_of
from domain.identifiers import OperationId
from domain.ledger.balances import LimitedChange, limited_changes
from domain.ledger.entry import JournalEntryPosted
from infrastructure.postgres.event_store.mapper import EventMapper

_BOOL, _BYTEA, _INT8, _INT2, _TEXT, _UUID = 16, 17, 20, 21, 25, 2950
"""The object ids of built-in types, which Postgres never changes."""

# An element of an array of composites: its length, its number of fields, and each field's type, length and value.
_LENGTH = struct.Struct("!i")
_EVENT = struct.Struct("!ii" + "Ii16s" + "Iiq" + "Iiq")
_STREAM = struct.Struct("!ii" + "Ii16s" + "Iiq" + "Iiq")
_OPERATION = struct.Struct("!i" + "Ii16s" + "Iiq" + "Ii?")
_LAST_EVENT = struct.Struct("!Ii16s" + "Iiq")
_CHANGE = struct.Struct("!i" + "Iiq" + "Iiq" + "Iiq")
_FIELD = struct.Struct("!Ii")
_UUID_FIELD = struct.Struct("!Ii16s")
_STATUS = struct.Struct("!Iih")
_NULL = -1


class EncodedCommand(NamedTuple):
    """The parts of a command. `number` is unique within the writer; no other command of the batch shares an element of
    `wants`."""

    number: int
    wants: tuple[object, ...]
    events: tuple[bytes, ...]
    streams: tuple[bytes, ...]
    claim: bytes | None
    settlement: bytes | None
    changes: tuple[bytes, ...]


def encode(number: int, append: Append, mapper: EventMapper) -> EncodedCommand:
    """The parts of the command. Raises ValueError for a command that cannot be stored: a text with half a surrogate
    pair, a number out of range, a gap in a stream's versions."""
    try:
        return _encode(number, append, mapper)
    except struct.error as error:
        raise ValueError(f"too large to be stored: {error}") from error


def _encode(number: int, append: Append, mapper: EventMapper) -> EncodedCommand:
    events: list[bytes] = []
    entries: list[JournalEntryPosted] = []
    versions: dict[bytes, int] = {}
    streams: list[bytes] = []
    for recorded in append.events:
        stream_id, version, data = recorded.originator_id.bytes, recorded.originator_version, recorded.data
        before = versions.get(stream_id)
        if before is None:
            streams.append(
                _STREAM.pack(_STREAM.size - 4, 3, _UUID, 16, stream_id, _INT8, 8, version - 1, _INT8, 8, number)
            )
        elif version != before + 1:
            raise ValueError(f"version {version} of stream {UUID(bytes=stream_id)} comes after version {before}")
        versions[stream_id] = version
        topic, state = _topic(type(data)), mapper.transcoder.encode(recorded)
        length = _EVENT.size - 4 + len(topic) + _FIELD.size + len(state)
        fixed = _EVENT.pack(*(length, 5, _UUID, 16, stream_id, _INT8, 8, version, _INT8, 8, number))
        events.append(b"".join((fixed, topic, _FIELD.pack(_BYTEA, len(state)), state)))
        if isinstance(data, JournalEntryPosted):
            entries.append(data)
    wants: list[object] = [*versions]
    claim, settlement = append.claim, append.settlement
    if claim is not None:
        wants.append(("claims", claim.operation_id))
        if claim.key is not None:
            wants.append((claim.merchant_id, claim.key))
    if settlement is not None:
        wants.append(("settles", settlement.operation_id))
    return EncodedCommand(
        number,
        tuple(wants),
        tuple(events),
        tuple(streams),
        None if claim is None else _claim(number, claim, append),
        None if settlement is None else _settlement(number, settlement, append),
        tuple([_change(number, change) for change in limited_changes(entries, append.floors)]) if entries else (),
    )


@lru_cache(maxsize=256)
def _topic(kind: type[Event]) -> bytes:
    return _text(name_of(kind))


def _claim(number: int, claim: Claim, append: Append) -> bytes:
    return _element(
        _operation(12, number, claim.operation_id, append, claim.answer, unresolved=claim.unresolved),
        _UUID_FIELD.pack(_UUID, 16, claim.subject_id.bytes),
        _text(claim.merchant_id),
        _text(claim.verb),
        _text(claim.key),
        _bytes(claim.fingerprint),
    )


def _settlement(number: int, settlement: Settlement, append: Append) -> bytes:
    return _element(
        _operation(7, number, settlement.operation_id, append, settlement.answer, unresolved=settlement.unresolved)
    )


def _operation(
    fields: int, number: int, id: OperationId, append: Append, answer: Answer | None, *, unresolved: bool
) -> bytes:
    """The first seven fields of a claim or settlement, which has `fields` in all."""
    fixed = _OPERATION.pack(fields, _UUID, 16, id.bytes, _INT8, 8, number, _BOOL, 1, unresolved)
    if append.events:
        last = append.events[-1]
        last_event = _LAST_EVENT.pack(_UUID, 16, last.originator_id.bytes, _INT8, 8, last.originator_version)
    else:
        last_event = _FIELD.pack(_UUID, _NULL) + _FIELD.pack(_INT8, _NULL)
    if answer is None:
        return fixed + last_event + _FIELD.pack(_INT2, _NULL) + _FIELD.pack(_BYTEA, _NULL)
    return b"".join((fixed, last_event, _STATUS.pack(_INT2, 2, answer.status), _bytes(answer.body)))


def _change(number: int, change: LimitedChange) -> bytes:
    return _element(
        _CHANGE.pack(5, _INT8, 8, change.change_minor, _INT8, 8, change.floor_minor, _INT8, 8, number),
        _text(change.key.account),
        _text(change.key.currency),
    )


def _element(*parts: bytes) -> bytes:
    record = b"".join(parts)
    return _LENGTH.pack(len(record)) + record


def _text(value: str | None) -> bytes:
    if value is None:
        return _FIELD.pack(_TEXT, _NULL)
    encoded = value.encode()
    return _FIELD.pack(_TEXT, len(encoded)) + encoded


def _bytes(value: bytes) -> bytes:
    return _FIELD.pack(_BYTEA, len(value)) + value
