"""The provider keeps its books in one SQLite file, where every commit survives kill -9 of the process."""

# WAL with `synchronous=OFF` hands each commit to the operating system before the answer, so a killed process loses
# nothing. No commit waits for the disk, which is left to the programs that keep real money. A power cut could lose
# everything.

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
"""At the start of a process no notice is on its way."""
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
    """The only request under a key, and the answer that was decided."""

    operation: str
    request: bytes
    http_status: int
    answer: bytes


class Pending(Struct, frozen=True):
    """An operation that is decided at the Unix time `due` or, where `due` is None, when the customer acts."""

    key: str
    charge_id: str
    due: float | None
    approves: bool


class Queued(Struct, frozen=True):
    """A notice in the outbox, with the number of failed tries."""

    number: int
    tries: int
    notice: Notice


class Books:
    """Charges and operations in the folder `data`, used from one thread; each call takes microseconds."""

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
        """Commit all changes of the block together at its end, or none of them after an error."""
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
        """Set the answer that later repetitions and lookups of the operation receive."""
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
        """The operations that are due for a decision by now, at most `pending_max`."""
        rows = self._sqlite.execute(SELECT_DUE, (time.time(), pending_max))
        return [Pending(key, charge_id, due, bool(approves)) for key, charge_id, due, approves in rows]

    def tell(self, notice: Notice) -> None:
        """Store `notice` and, with a webhook URL, put it into the outbox, subject to the webhook faults.

        The faults drop, delay or duplicate notices.
        """
        encoded = msgspec.json.encode(notice)
        self._sqlite.execute(INSERT_HAPPENED, (notice.at.timestamp(), encoded))
        faults = self.dice.faults.webhooks
        if not self.options.webhook_url or self.dice.hits(faults.drop_percent):
            return
        for _ in range(2 if self.dice.hits(faults.duplicate_percent) else 1):
            self._sqlite.execute(INSERT_NOTICE, (time.time() + self.dice.up_to(faults.delay_s_max), encoded))

    def happened(self, since: float, until: float, after: int, notices_max: int) -> list[tuple[int, Notice]]:
        """The notices between two Unix times with numbers above `after`, in order, at most `notices_max`."""
        rows = self._sqlite.execute(SELECT_HAPPENED, (since, until, after, notices_max))
        return [(number, msgspec.json.decode(notice, type=Notice)) for number, notice in rows]

    def take_notices(self, notices_max: int) -> list[Queued]:
        """The notices that are due by now, at most `notices_max`, marked as on their way.

        The caller must postpone or remove each notice; a notice left out is sent after the next start.
        """
        with self.transaction():
            rows = self._sqlite.execute(SELECT_OUTBOX, (time.time(), notices_max)).fetchall()
            for number, _, _ in rows:
                self._sqlite.execute(TAKE_NOTICE, (number,))
        return [Queued(number, tries, msgspec.json.decode(notice, type=Notice)) for number, tries, notice in rows]

    def postpone_notice(self, queued: Queued, after_s: float) -> None:
        """After a failed try, make the notice due again in `after_s`."""
        self._sqlite.execute(POSTPONE_NOTICE, (time.time() + after_s, queued.tries + 1, queued.number))

    def remove_notice(self, queued: Queued) -> None:
        self._sqlite.execute(DELETE_NOTICE, (queued.number,))

    def add_movement(self, movement: str, key: str, reference: str, amount: int, currency: str) -> None:
        """Record a movement of money for settlement, a capture, refund or reversal."""
        self._sqlite.execute(INSERT_MOVEMENT, (movement, key, reference, amount, currency))

    def movement(self, kind: str, reference: str) -> Movement | None:
        row = self._sqlite.execute(SELECT_MOVEMENT, (kind, reference)).fetchone()
        return None if row is None else Movement(*row)

    def movements(self, since: int, currency: str) -> list[Movement]:
        """The movements in `currency` after number `since`, in order."""
        return [Movement(*row) for row in self._sqlite.execute(SELECT_MOVEMENTS, (since, currency, MOVEMENTS_MAX))]

    def page(self, after: int, limit: int) -> BooksPage:
        """At most `limit` charges after cursor `after`, in the order of their creation."""
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
