"""Refunds as merchants see them."""

from msgspec import Struct

from domain.payment.status import OperationStatus
from interfaces import ids
from interfaces.resources.payment import Failure, Instant
from projections.payment.refunds import RefundRow


class RefundResource(Struct, frozen=True, kw_only=True):
    """A refund: `pending` until the provider's outcome is known."""

    refund_id: str
    payment_id: str
    status: OperationStatus
    amount: int
    currency: str
    failure: Failure | None


class RefundRecord(Struct, frozen=True, kw_only=True):
    """A refund: `pending` until the provider's outcome is known; one that `succeeded` can still fail later. `reason` is
    null of one that was made at the provider."""

    refund_id: str
    payment_id: str
    status: OperationStatus
    amount: int
    currency: str
    reason: str | None
    failure: Failure | None
    created_at: Instant
    updated_at: Instant


class RefundList(Struct, frozen=True, kw_only=True):
    """Oldest first."""

    refunds: list[RefundRecord]


class RefundPage(Struct, frozen=True, kw_only=True):
    """Newest first; `next_cursor` is null on the last page."""

    refunds: list[RefundRecord]
    next_cursor: str | None


def refund_record(row: RefundRow) -> RefundRecord:
    return RefundRecord(
        refund_id=ids.text_of(ids.REFUND, row.refund_id),
        payment_id=ids.text_of(ids.PAYMENT, row.payment_id),
        status=row.status,
        amount=row.amount_minor,
        currency=row.currency,
        reason=row.reason,
        failure=None if row.code is None else Failure(row.code, row.message or ""),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
