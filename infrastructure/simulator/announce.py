"""Each effect is announced once, in the transaction of the effect, and moved money is recorded for settlement."""

from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from infrastructure.simulator.books import Books
from infrastructure.simulator.charges import Charge
from infrastructure.simulator.notice import Notice
from infrastructure.simulator.tokens import Operation, Refusal

MOVEMENTS: Final = (Operation.CAPTURE, Operation.REFUND)


def announce_charge(books: Books, charge: Charge, amount: int, refusal: Refusal | None = None) -> None:
    """Announce the decision about `charge`; an immediate capture is a second announcement."""
    announce(books, Operation.CHARGE, charge, action_id=charge.id, key=charge.key, amount=amount, refusal=refusal)
    if charge.captured:
        announce(books, Operation.CAPTURE, charge, action_id=charge.id, key=charge.key, amount=amount)


def announce(
    books: Books,
    operation: Operation,
    charge: Charge,
    *,
    action_id: str,
    key: str,
    amount: int,
    refusal: Refusal | None = None,
) -> None:
    """Announce the result of an operation on `charge`."""
    if refusal is None and operation in MOVEMENTS:
        books.add_movement(operation.value, key, action_id, amount, charge.currency)
    notice = Notice(
        id=f"evt_{uuid4().hex}",
        at=datetime.now(UTC),
        operation=operation,
        charge=charge,
        action_id=action_id,
        key=key,
        amount=amount,
        refusal=refusal,
    )
    books.tell(notice)
