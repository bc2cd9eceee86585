"""The provider's books in one SQLite file: what was committed is kept over kill -9 of the process.

WAL with `synchronous=OFF` hands each commit to the operating system before it is answered, so nothing is lost with the
process, and never waits for the disk: that belongs to those who have money to keep. A power cut could take it all.
"""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import astuple, replace

from infrastructure.simulator.actions import Action
from infrastructure.simulator.charges import Charge, Decision
from infrastructure.simulator.dispute_book import DisputeBook
from infrastructure.simulator.faults import Dice
from infrastructure.simulator.notice import Notice
from infrastructure.simulator.options import DEFAULTS, Options
from infrastructure.simulator.schema import migrate
from infrastructure.simulator.settlement import MOVEMENTS_MAX, Movement
from infrastructure.simulator.wire import BooksLine, BooksPage

SELECT_OPERATION: Final = "SELECT operation, request, http_status, answer FROM operation WHERE key = ?"
INSERT_OPERATION: Final = """
INSERT INTO operation (key, operation, request, http_status, answer) VALUES (?, ?, ?, ?, ?)
"""
DECIDE_OPERATION: Final = "UPDATE operation SET http_status = ?, answer = ? WHERE key = ?"
CHARGE_COLUMNS: Final = (
    "id, reference, currency, token, authorized, captured, refunded, voided, released, key, decision, action"
)
SELECT_CHARGE: Final = f"SELECT {CHARGE_COLUMNS} FROM charge WHERE id = ?"  # noqa: S608 - our own constant
SELECT_CHARGES: Final = "SELECT id FROM charge WHERE reference = ? AND decision = 'approved' ORDER BY number"
UPSERT_CHARGE: Final = f"""
INSERT INTO charge ({CHARGE_COLUMNS})
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    authorized = excluded.authorized, captured = excluded.captured, refunded = excluded.refunded,
    voided = excluded.voided, released = excluded.released, decision = excluded.decision
"""  # noqa: S608 - our own constant
SELECT_PAGE: Final = f"""
SELECT number,
       (SELECT count(*) FROM charge AS same
        WHERE same.reference = charge.reference AND same.decision = 'approved'),
       {CHARGE_COLUMNS}
FROM charge WHERE number > ? ORDER BY number LIMIT ?
"""  # noqa: S608 - our own constant
INSERT_PENDING: Final = "INSERT INTO pending (key, charge_id, due, approves) VALUES (?, ?, ?, ?)"
DELETE_PENDING: Final = "DELETE FROM pending WHERE key = ?"
SELECT_DUE: Final = "SELECT key, charge_id, due, approves FROM pending WHERE due <= ? ORDER BY due LIMIT ?"
SELECT_WAITING: Final = "SELECT id FROM charge WHERE decision = 'requires_action' ORDER BY number"
INSERT_NOTICE: Final = "INSERT INTO outbox (due, notice) VALUES (?, ?)"
INSERT_HAPPENED: Final = "INSERT INTO happened (at, notice) VALUES (?, ?)"
SELECT_HAPPENED: Final = """
SELECT number, notice FROM happened WHERE at >= ? AND at < ? AND number > ? ORDER BY number LIMIT ?
"""
SELECT_OUTBOX: Final = "SELECT number, tries, notice FROM outbox WHERE due <= ? ORDER BY due, number LIMIT ?"
TAKE_NOTICE: Final = "UPDATE outbox SET due = 9e9 WHERE number = ?"
TAKE_NO_NOTICE: Final = "UPDATE outbox SET due = 0 WHERE due = 9e9"
"""Nothing is on its way when a process starts."""
POSTPONE_NOTICE: Final = "UPDATE outbox SET due = ?, tries = ? WHERE number = ?"
DELETE_NOTICE: Final = "DELETE FROM outbox WHERE number = ?"
INSERT_MOVEMENT: Final = "INSERT INTO movement (movement, key, reference, amount, currency) VALUES (?, ?, ?, ?, ?)"
SELECT_MOVEMENT: Final = """
SELECT number, movement, key, reference, amount, currency FROM movement WHERE movement = ? AND reference = ?
"""
SELECT_MOVEMENTS: Final = """
SELECT number, movement, key, reference, amount, currency FROM movement
WHERE number > ? AND currency = ? ORDER BY number LIMIT ?
"""


class StoredOperation(Struct, frozen=True):
    """One request ever made under a key, and the answer that was decided."""

    operation: str
    request: bytes
    http_status: int
    answer: bytes


class Pending(Struct, frozen=True):
    """An operation that is decided at the Unix time `due`, or when somebody acts where that is None."""

    key: str
    charge_id: str
    due: float | None
    approves: bool


class Queued(Struct, frozen=True):
    """A notice in the outbox, and how often it was sent in vain."""

    number: int
    tries: int
    notice: Notice


class Books:
    """Charges and operations, kept in the folder `data`; used from one thread, and every call takes microseconds."""

    def __init__(self, data: Path, options: Options = DEFAULTS) -> None:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.options = options
        self.dice = Dice()
        self._sqlite = sqlite3.connect(data / "simulator.sqlite3", isolation_level=None)
        self._sqlite.execute("PRAGMA journal_mode = WAL")
        self._sqlite.execute("PRAGMA synchronous = OFF")
        migrate(self._sqlite)
        self.disputes = DisputeBook(self._sqlite, disputed_after_s=options.customer_acts_after_s)
        self._sqlite.execute(TAKE_NO_NOTICE)

    def close(self) -> None:
        self._sqlite.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that happens inside is committed at its end, or nothing of it."""
        self._sqlite.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._sqlite.execute("COMMIT")
        except BaseException:
            self._sqlite.execute("ROLLBACK")
            raise

    def operation(self, key: str) -> StoredOperation | None:
        row = self._sqlite.execute(SELECT_OPERATION, (key,)).fetchone()
        return None if row is None else StoredOperation(*row)

    def add_operation(self, key: str, operation: StoredOperation) -> None:
        self._sqlite.execute(INSERT_OPERATION, (key, *astuple(operation)))

    def decide_operation(self, key: str, http_status: int, answer: bytes) -> None:
        """From now on this is what the operation's repetitions and lookups are told."""
        self._sqlite.execute(DECIDE_OPERATION, (http_status, answer, key))

    def charge(self, charge_id: str) -> Charge | None:
        row = self._sqlite.execute(SELECT_CHARGE, (charge_id,)).fetchone()
        return None if row is None else replace(_charge(row), disputed=self.disputes.disputed(charge_id))

    def charges_of(self, reference: str) -> list[str]:
        """The charges with that reference that took or reserved money."""
        return [charge_id for (charge_id,) in self._sqlite.execute(SELECT_CHARGES, (reference,))]

    def put_charge(self, charge: Charge) -> None:
        self.disputes.expect(charge)
        *columns, action, _ = astuple(charge)
        self._sqlite.execute(UPSERT_CHARGE, (*columns, None if action is None else msgspec.json.encode(action)))

    def waiting(self) -> list[str]:
        """The charges that wait for their customers."""
        return [charge_id for (charge_id,) in self._sqlite.execute(SELECT_WAITING)]

    def add_pending(self, pending: Pending) -> None:
        self._sqlite.execute(INSERT_PENDING, astuple(pending))

    def remove_pending(self, key: str) -> None:
        self._sqlite.execute(DELETE_PENDING, (key,))

    def due(self, pending_max: int) -> list[Pending]:
        """What is to be decided by now."""
        rows = self._sqlite.execute(SELECT_DUE, (time.time(), pending_max))
        return [Pending(key, charge_id, due, bool(approves)) for key, charge_id, due, approves in rows]

    def tell(self, notice: Notice) -> None:
        """Keep `notice`, and put it into the outbox where there is anybody to tell: there the faults lose, delay and
        double it."""
        encoded = msgspec.json.encode(notice)
        self._sqlite.execute(INSERT_HAPPENED, (notice.at.timestamp(), encoded))
        faults = self.dice.faults.webhooks
        if not self.options.webhook_url or self.dice.hits(faults.drop_percent):
            return
        for _ in range(2 if self.dice.hits(faults.duplicate_percent) else 1):
            self._sqlite.execute(INSERT_NOTICE, (time.time() + self.dice.up_to(faults.delay_s_max), encoded))

    def happened(self, since: float, until: float, after: int, notices_max: int) -> list[tuple[int, Notice]]:
        """What happened between two Unix times, behind the notice of that number, in its order."""
        rows = self._sqlite.execute(SELECT_HAPPENED, (since, until, after, notices_max))
        return [(number, msgspec.json.decode(notice, type=Notice)) for number, notice in rows]

    def take_notices(self, notices_max: int) -> list[Queued]:
        """What is to be sent by now. Each is to be postponed or removed; what is neither comes with the next start."""
        with self.transaction():
            rows = self._sqlite.execute(SELECT_OUTBOX, (time.time(), notices_max)).fetchall()
            for number, _, _ in rows:
                self._sqlite.execute(TAKE_NOTICE, (number,))
        return [Queued(number, tries, msgspec.json.decode(notice, type=Notice)) for number, tries, notice in rows]

    def postpone_notice(self, queued: Queued, after_s: float) -> None:
        """It was sent in vain, and is due again in `after_s`."""
        self._sqlite.execute(POSTPONE_NOTICE, (time.time() + after_s, queued.tries + 1, queued.number))

    def remove_notice(self, queued: Queued) -> None:
        self._sqlite.execute(DELETE_NOTICE, (queued.number,))

    def add_movement(self, movement: str, key: str, reference: str, amount: int, currency: str) -> None:
        """Money was taken, or given back: it is to be settled."""
        self._sqlite.execute(INSERT_MOVEMENT, (movement, key, reference, amount, currency))

    def movement(self, kind: str, reference: str) -> Movement | None:
        row = self._sqlite.execute(SELECT_MOVEMENT, (kind, reference)).fetchone()
        return None if row is None else Movement(*row)

    def movements(self, since: int, currency: str) -> list[Movement]:
        """Those after number `since`, in their order."""
        return [Movement(*row) for row in self._sqlite.execute(SELECT_MOVEMENTS, (since, currency, MOVEMENTS_MAX))]

    def page(self, after: int, limit: int) -> BooksPage:
        """At most `limit` charges behind cursor `after`, in the order they were made."""
        rows = self._sqlite.execute(SELECT_PAGE, (after, limit + 1)).fetchall()
        lines = [
            _line(charge, count, self.disputes.charged_back(charge.id))
            for _, count, *columns in rows[:limit]
            for charge in (_charge(columns),)
        ]
        return BooksPage(lines, next_after=rows[limit - 1][0] if len(rows) > limit else None)


def _charge(row: Sequence[Any]) -> Charge:
    *columns, decision, action = row
    decoded = None if action is None else msgspec.json.decode(action, type=Action)
    values: list[Any] = [*columns, Decision(decision), decoded]
    return Charge(*values)


def _line(charge: Charge, charges_of_reference: int, charged_back: int) -> BooksLine:
    return BooksLine(
        id=charge.id,
        reference=charge.reference,
        key=charge.key,
        status=charge.status,
        currency=charge.currency,
        token=charge.token,
        authorized=charge.authorized,
        captured=charge.captured,
        refunded=charge.refunded,
        voided=charge.voided,
        released=charge.released,
        charges_of_reference=charges_of_reference,
        charged_back=charged_back,
    )
