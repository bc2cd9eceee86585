"""A successful refund can fail later: the customer's bank sends the money back, and a new refund becomes possible."""

from http import HTTPStatus
from typing import Final

import msgspec
from msgspec.structs import replace

from infrastructure.simulator.announce import announce
from infrastructure.simulator.books import Books
from infrastructure.simulator.operations import error_answer
from infrastructure.simulator.settlement import REFUND_REVERSAL
from infrastructure.simulator.tokens import REFUND_FAILED, Operation, Refusal
from infrastructure.simulator.wire import RefundBody

NO_SUCH_REFUND: Final = Refusal("refund_not_found", "No refund that succeeded has this id.")


def fail_refund(books: Books, refund_id: str) -> Refusal | None:
    """Let the refund fail; the refusal where this is impossible, None where the refund has failed, now or before."""
    with books.transaction():
        refund = books.movement(Operation.REFUND, refund_id)
        if refund is None:
            return NO_SUCH_REFUND
        if books.movement(REFUND_REVERSAL, refund_id) is not None:
            return None
        operation = books.operation(refund.key)
        assert operation is not None
        _, charge_id, _ = msgspec.json.decode(operation.request, type=tuple[str, str, RefundBody])
        before = books.charge(charge_id)
        assert before is not None
        after = replace(before, refunded=before.refunded - refund.amount)
        books.put_charge(after)
        books.decide_operation(refund.key, HTTPStatus.PAYMENT_REQUIRED, error_answer(REFUND_FAILED))
        books.add_movement(REFUND_REVERSAL, refund.key, refund_id, refund.amount, refund.currency)
        announce(
            books,
            Operation.REFUND,
            after,
            action_id=refund_id,
            key=refund.key,
            amount=refund.amount,
            refusal=REFUND_FAILED,
        )
    return None
