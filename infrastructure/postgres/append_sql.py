"""A batch of appends as the parallel arrays of the database function `append_commands`, and its rows as results."""

from collections.abc import Sequence
from typing import Any

from application.store import (
    Answer,
    Append,
    Appended,
    AppendResult,
    KeyUsed,
    LimitBroken,
    StoredClaim,
    Verb,
    VersionConflict,
)
from domain.ledger.balances import limited_changes
from domain.ledger.entry import JournalEntryPosted
from infrastructure.postgres.mapper import EventMapper

APPEND_COMMANDS = """
SELECT outcome, last_position, broken_account, broken_currency,
       operation_id, payment_id, verb, fingerprint, status, body, answered_position
FROM append_commands(
    %b::int,
    %b::int[], %b::uuid[], %b::bigint[], %b::text[], %b::bytea[],
    %b::int[], %b::uuid[], %b::text[], %b::uuid[], %b::text[], %b::text[], %b::bytea[], %b::boolean[], %b::smallint[],
    %b::bytea[],
    %b::int[], %b::uuid[], %b::boolean[], %b::smallint[], %b::bytea[],
    %b::int[], %b::text[], %b::text[], %b::bigint[], %b::bigint[]
)
"""

_Row = tuple[Any, ...]


class Deferred:
    """An earlier command of the same batch wants the same key, operation or version: send it with the next batch."""


def parameters(appends: Sequence[Append], mapper: EventMapper) -> list[Any]:
    """The arguments of APPEND_COMMANDS."""
    events: list[_Row] = []
    claims: list[_Row] = []
    settlements: list[_Row] = []
    changes: list[_Row] = []
    for command, append in enumerate(appends, start=1):
        for recorded in append.events:
            stored = mapper.to_stored_event(recorded)
            events.append((command, stored.originator_id, stored.originator_version, stored.topic, stored.state))
        entries = [event.data for event in append.events if isinstance(event.data, JournalEntryPosted)]
        for change in limited_changes(entries):
            changes.append((command, *change.key, change.change_minor, change.floor_minor))
        if append.claim is not None:
            claim = append.claim
            claims.append(
                (
                    command,
                    claim.operation_id,
                    claim.merchant_id,
                    claim.payment_id,
                    claim.verb,
                    claim.key,
                    claim.fingerprint,
                    claim.unresolved,
                    claim.answer and claim.answer.status,
                    claim.answer and claim.answer.body,
                )
            )
        if append.settlement is not None:
            settlement = append.settlement
            settlements.append(
                (
                    command,
                    settlement.operation_id,
                    settlement.unresolved,
                    settlement.answer.status,
                    settlement.answer.body,
                )
            )
    return [
        len(appends),
        *_columns(events, 5),
        *_columns(claims, 10),
        *_columns(settlements, 5),
        *_columns(changes, 5),
    ]


def result(row: _Row) -> AppendResult | Deferred:
    """What one row of APPEND_COMMANDS says of its command."""
    outcome, last_position, broken_account, broken_currency, *claim = row
    match outcome:
        case "appended":
            return Appended(last_position)
        case "version_conflict":
            return VersionConflict()
        case "key_used":
            return KeyUsed(stored_claim(claim))
        case "limit_broken":
            return LimitBroken(account=broken_account, currency=broken_currency)
        case "deferred":
            return Deferred()
        case _:
            raise AssertionError(f"append_commands answered {outcome!r}")


def stored_claim(row: Sequence[Any]) -> StoredClaim:
    """A claim from its columns: operation, payment, verb, fingerprint, status, body, position."""
    operation_id, payment_id, verb, fingerprint, status, body, position = row
    return StoredClaim(
        operation_id=operation_id,
        payment_id=payment_id,
        verb=Verb(verb),
        fingerprint=fingerprint,
        answer=None if status is None else Answer(status, body),
        position=position,
    )


def _columns(rows: list[_Row], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]
