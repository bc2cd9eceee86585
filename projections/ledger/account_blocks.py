"""The read model for balances at any position: the sum of each account's postings in each block of positions."""

from collections.abc import Iterable

from msgspec import Struct

from domain.history import Positioned
from domain.ledger.entry import JournalEntryPosted
from projections.engine.view import Key, View

BLOCK_POSITIONS = 4096
"""A balance sums a row for each whole block before its position, and the lines of the last block."""


class AccountBlocksRow(Struct, frozen=True, kw_only=True):
    """Debits less credits of an account in one currency, in the BLOCK_POSITIONS positions from
    `block * BLOCK_POSITIONS` on."""

    account: str
    currency: str
    block: int
    signed_minor: int = 0


def block_of(position: int) -> int:
    return position // BLOCK_POSITIONS


def keys_of(positioned: Positioned) -> Iterable[Key]:
    entry = positioned.event.data
    if not isinstance(entry, JournalEntryPosted):
        return ()
    block = block_of(positioned.position)
    return {(posting.account, posting.amount.currency, block) for posting in entry.postings}


def apply(row: AccountBlocksRow | None, key: Key, positioned: Positioned) -> AccountBlocksRow:
    entry = positioned.event.data
    assert isinstance(entry, JournalEntryPosted)
    account, currency, block = key
    signed_minor = row.signed_minor if row else 0
    for posting in entry.postings:
        if (posting.account, posting.amount.currency) == (account, currency):
            signed_minor += posting.signed_minor
    assert isinstance(block, int)
    return AccountBlocksRow(account=str(account), currency=str(currency), block=block, signed_minor=signed_minor)


ACCOUNT_BLOCKS = View(
    name="account_blocks",
    table="account_blocks",
    row=AccountBlocksRow,
    types=("text", "text", "bigint", "numeric"),
    key=("account", "currency", "block"),
    takes=JournalEntryPosted,
    keys_of=keys_of,
    apply=apply,
    ddl="""
        CREATE TABLE account_blocks (
            account text COLLATE "C" NOT NULL,
            currency text COLLATE "C" NOT NULL,
            block bigint NOT NULL,
            signed_minor numeric NOT NULL,
            PRIMARY KEY (account, currency, block)
        ) WITH (fillfactor = 70);
    """,
)
