"""The read model behind a merchant's feed: one row a merchant and block of positions, with the positions of the events
of the merchant's payments and of their ledger entries."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import psycopg
from msgspec import Struct
from msgspec.structs import replace

from domain.history import Positioned
from domain.ledger.entry import JournalEntryPosted
from domain.payment.events import PaymentEvent
from projections.engine.view import Key, View

FEED_BLOCK_POSITIONS = 64
"""Each batch of events writes the whole row of a block again: small blocks make small rows."""


class AuditTimelineRow(Struct, frozen=True, kw_only=True):
    """`positions` are in order, from position `block * FEED_BLOCK_POSITIONS` up to the next block."""

    merchant_id: str
    block: int
    positions: tuple[int, ...] = ()


def keys_of(positioned: Positioned) -> Iterable[Key]:
    if payment_of(positioned) is None:
        return ()
    return ((positioned.event.merchant_id, positioned.position // FEED_BLOCK_POSITIONS),)


def apply(row: AuditTimelineRow | None, key: Key, positioned: Positioned) -> AuditTimelineRow:
    position = positioned.position
    if row is None:
        block = position // FEED_BLOCK_POSITIONS
        return AuditTimelineRow(merchant_id=positioned.event.merchant_id, block=block, positions=(position,))
    return replace(row, positions=(*row.positions, position))


def payment_of(positioned: Positioned) -> UUID | None:
    """The payment of the event; None for an event about no payment or about several."""
    match positioned.event.data:
        case JournalEntryPosted(payment_id=payment_id):
            return payment_id
        case _ if isinstance(positioned.event.data, PaymentEvent):
            return positioned.event.originator_id
        case _:
            return None


AUDIT_TIMELINE: View[AuditTimelineRow] = View(
    name="audit_timeline",
    table="audit_timeline",
    row=AuditTimelineRow,
    types=("text", "bigint", "bigint[]"),
    key=("merchant_id", "block"),
    takes=PaymentEvent | JournalEntryPosted,
    keys_of=keys_of,
    apply=apply,
    ddl="""
        CREATE TABLE audit_timeline (
            merchant_id text COLLATE "C" NOT NULL,
            block bigint NOT NULL,
            positions bigint[] NOT NULL,
            PRIMARY KEY (merchant_id, block)
        ) WITH (fillfactor = 50);
    """,
)

# Rows are read in the order of the blocks, so that no more rows are read than the page needs.
_OF_MERCHANT_AFTER = """
SELECT p.position FROM views.audit_timeline AS t, unnest(t.positions) AS p (position)
WHERE t.merchant_id = %(merchant_id)s AND t.block >= %(block)s AND p.position > %(after)s
ORDER BY t.block, p.position LIMIT %(positions_max)s
"""


async def of_merchant_after(
    connection: psycopg.AsyncConnection[Any], merchant_id: str, position: int, *, positions_max: int
) -> Sequence[int]:
    """The positions of a merchant's events after `position`, without a gap, in order."""
    cursor = await connection.execute(
        _OF_MERCHANT_AFTER,
        {
            "merchant_id": merchant_id,
            "block": position // FEED_BLOCK_POSITIONS,
            "after": position,
            "positions_max": positions_max,
        },
    )
    return [found for (found,) in await cursor.fetchall()]
