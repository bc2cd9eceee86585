"""The read model of postings: one row an account, currency and block of positions, with the entries and the amounts."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from domain.history import Positioned
from domain.ledger.entry import JournalEntryPosted
from projections.engine.view import Key, View

LINES_BLOCK_POSITIONS = 64
"""Each batch of events writes the whole row of a block again: small blocks make small rows. Divides BLOCK_POSITIONS of
account_blocks."""


class JournalLinesRow(Struct, frozen=True, kw_only=True):
    """The postings to an account in one currency from position `block * LINES_BLOCK_POSITIONS` up to the next block.

    `positions` and `signed_minor` have one element a posting, in the order of posting: the position of the entry, and
    the amount, which counts debits up and credits down.
    """

    account: str
    currency: str
    block: int
    positions: tuple[int, ...] = ()
    signed_minor: tuple[int, ...] = ()


def lines_block_of(position: int) -> int:
    return position // LINES_BLOCK_POSITIONS


def keys_of(positioned: Positioned) -> Iterable[Key]:
    entry = positioned.event.data
    if not isinstance(entry, JournalEntryPosted):
        return ()
    block = lines_block_of(positioned.position)
    return dict.fromkeys([(posting.account, posting.amount.currency, block) for posting in entry.postings])


def apply(row: JournalLinesRow | None, key: Key, positioned: Positioned) -> JournalLinesRow:
    entry = positioned.event.data
    assert isinstance(entry, JournalEntryPosted)
    account, currency, block = key
    amounts = [
        posting.signed_minor
        for posting in entry.postings
        if posting.account == account and posting.amount.currency == currency
    ]
    positions = [positioned.position] * len(amounts)
    if row is None:
        assert isinstance(block, int)
        row = JournalLinesRow(account=str(account), currency=str(currency), block=block)
    return replace(row, positions=(*row.positions, *positions), signed_minor=(*row.signed_minor, *amounts))


JOURNAL_LINES: View[JournalLinesRow] = View(
    name="journal_lines",
    table="journal_lines",
    row=JournalLinesRow,
    types=("text", "text", "bigint", "bigint[]", "bigint[]"),
    key=("account", "currency", "block"),
    takes=JournalEntryPosted,
    keys_of=keys_of,
    apply=apply,
    # COLLATE "C" compares account names byte by byte, which is faster, and the same on every server.
    ddl="""
        CREATE TABLE journal_lines (
            account text COLLATE "C" NOT NULL,
            currency text COLLATE "C" NOT NULL,
            block bigint NOT NULL,
            positions bigint[] NOT NULL,
            signed_minor bigint[] NOT NULL,
            PRIMARY KEY (account, currency, block)
        ) WITH (fillfactor = 50);
    """,
    indexes="""
        CREATE INDEX journal_lines_by_block ON journal_lines (block);
    """,
)
