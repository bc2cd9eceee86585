"""A batch of commands becomes the arguments of the database function `append_commands`, and its rows the results."""

import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

from application.write.store import (
    Answer,
    Appended,
    AppendResult,
    KeyUsed,
    LimitBroken,
    StoredClaim,
    Verb,
    VersionConflict,
)
from infrastructure.postgres.event_store.command_encoding import EncodedCommand

APPEND_COMMANDS = """
SELECT positions, command, outcome, broken_account, broken_currency,
       operation_id, payment_id, verb, fingerprint, status, body, answered_position
FROM append_commands(%b::event_part[], %b::stream_part[], %b::claim_part[], %b::settlement_part[], %b::change_part[],
    %b::bigint)
"""
SELECT_TYPES = """
SELECT 'event_part'::regtype::oid, 'stream_part'::regtype::oid, 'claim_part'::regtype::oid,
       'settlement_part'::regtype::oid, 'change_part'::regtype::oid
"""
_HEAD = struct.Struct("!iiIii")
_EMPTY = struct.Struct("!iiI")

_Row = tuple[Any, ...]


class Types(NamedTuple):
    """The object ids of the composite types, which differ between databases."""

    event: int
    stream: int
    claim: int
    settlement: int
    change: int


class PackedArray(bytes):
    """An array in Postgres' binary format."""


class _PackedArrayDumper(Dumper):
    """Sends the bytes unchanged; the statement names their type."""

    format = Format.BINARY

    def dump(self, obj: PackedArray) -> PackedArray:
        return obj


def take_packed_arrays(connection: psycopg.AsyncConnection[Any] | psycopg.Connection[Any]) -> None:
    """Register the dumper of PackedArray, which APPEND_COMMANDS needs, on `connection`."""
    connection.adapters.register_dumper(PackedArray, _PackedArrayDumper)


def arguments(
    commands: Sequence[EncodedCommand], types: Types, *, epoch: int | None
) -> tuple[PackedArray | int | None, ...]:
    """The arguments of APPEND_COMMANDS. A server of another epoch refuses the call; None fits every epoch."""
    return (
        _array(types.event, [part for command in commands for part in command.events]),
        _array(types.stream, [part for command in commands for part in command.streams]),
        _array(types.claim, [command.claim for command in commands if command.claim is not None]),
        _array(types.settlement, [command.settlement for command in commands if command.settlement is not None]),
        _array(types.change, [part for command in commands for part in command.changes]),
        epoch,
    )


def results(commands: Sequence[EncodedCommand], rows: Sequence[_Row]) -> list[AppendResult]:
    """The result of each command, in order, by the rows of APPEND_COMMANDS."""
    (positions, *_), *refusals = rows
    refused = {row[1]: _refusal(row[2:]) for row in refusals}
    told: list[AppendResult] = []
    inserted = 0
    for command in commands:
        refusal = refused.get(command.number) if refused else None
        if refusal is None:
            inserted += len(command.events)
            told.append(Appended(positions[inserted - 1] if command.events else None))
        else:
            told.append(refusal)
    return told


def stored_claim(row: Sequence[Any]) -> StoredClaim:
    """A claim from its columns: operation, subject, verb, fingerprint, status, body, position."""
    operation_id, subject_id, verb, fingerprint, status, body, position = row
    return StoredClaim(
        operation_id=operation_id,
        subject_id=subject_id,
        verb=Verb(verb),
        fingerprint=fingerprint,
        answer=None if status is None else Answer(status, body),
        position=position,
    )


def _refusal(row: Sequence[Any]) -> AppendResult:
    outcome, broken_account, broken_currency, *claim = row
    match outcome:
        case "version_conflict":
            return VersionConflict()
        case "key_used":
            return KeyUsed(stored_claim(claim))
        case "limit_broken":
            return LimitBroken(account=broken_account, currency=broken_currency)
        case _:
            raise AssertionError(f"append_commands answered {outcome!r}")


def _array(type_oid: int, elements: Sequence[bytes]) -> PackedArray:
    if not elements:
        return PackedArray(_EMPTY.pack(0, 0, type_oid))
    return PackedArray(b"".join((_HEAD.pack(1, 0, type_oid, len(elements), 1), *elements)))
