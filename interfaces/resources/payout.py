"""Payouts as merchants see them, and payouts and batches as operators see them."""

from datetime import date, datetime

import msgspec
from msgspec import Struct

from application.payout.loaded import LoadedPayout
from application.write.store import Answer
from domain.payout.events import PayoutTrigger
from domain.payout.evolve import place_of
from domain.payout.state import Canceled, Failed, Held, Returned
from domain.payout.status import PayoutStatus, status_of
from domain.payout_batch.state import BatchStatus
from interfaces import ids
from interfaces.resources.payment import Failure
from projections.payout.batches import PayoutBatchRow
from projections.payout.payouts import PayoutRow


class PayoutResource(Struct, frozen=True, kw_only=True):
    """`amount` in minor units. `execution_date` is the day on which the bank executes it, known once it is
    `in_transit`; `failure` says why it `failed` or was `returned`, by ISO 20022's code and in words."""

    payout_id: str
    status: PayoutStatus
    amount: int
    currency: str
    bank_account_id: str
    description: str | None
    trigger: PayoutTrigger
    execution_date: date | None
    failure: Failure | None
    created_at: datetime
    updated_at: datetime


class PayoutPage(Struct, frozen=True, kw_only=True):
    """Those created last first; `next_cursor` is null on the last page."""

    payouts: list[PayoutResource]
    next_cursor: str | None


class OperatorPayoutResource(Struct, frozen=True, kw_only=True):
    """`reason` says why it is held, was canceled or returned, or failed; `batch_id` names the file it is in."""

    payout_id: str
    merchant_id: str
    status: PayoutStatus
    amount: int
    currency: str
    bank_account_id: str
    description: str | None
    trigger: PayoutTrigger
    batch_id: str | None
    execution_date: date | None
    code: str | None
    reason: str | None
    created_at: datetime
    updated_at: datetime


class OperatorPayoutPage(Struct, frozen=True, kw_only=True):
    """Those created last first; `next_cursor` is null on the last page."""

    payouts: list[OperatorPayoutResource]
    next_cursor: str | None


class PayoutBatchResource(Struct, frozen=True, kw_only=True):
    """`total` in minor units; `reference` is the bank's for the file, `reason` why it took none of it."""

    batch_id: str
    message_id: str
    status: BatchStatus
    currency: str
    total: int
    payouts: int
    execution_date: date
    file_sha256: str
    reference: str | None
    reason: str | None
    created_at: datetime


def render_payout_response(payout: LoadedPayout) -> Answer:
    """Implements application.payout.commands.PayoutAnswers."""
    return Answer(201, msgspec.json.encode(payout_resource(payout)))


def payout_resource(loaded: LoadedPayout) -> PayoutResource:
    return _for_merchant(operator_payout_resource(loaded))


def payout_row_resource(row: PayoutRow) -> PayoutResource:
    return _for_merchant(operator_payout_row_resource(row))


def operator_payout_resource(loaded: LoadedPayout) -> OperatorPayoutResource:
    payout = loaded.payout
    order, place = payout.order, place_of(payout)
    return OperatorPayoutResource(
        payout_id=ids.text_of(ids.PAYOUT, loaded.id),
        merchant_id=order.merchant_id,
        status=status_of(payout),
        amount=order.amount.minor,
        currency=order.amount.currency,
        bank_account_id=ids.text_of(ids.BANK_ACCOUNT, order.bank_account_id),
        description=order.description,
        trigger=order.trigger,
        batch_id=None if place is None else ids.text_of(ids.PAYOUT_BATCH, place.batch_id),
        execution_date=None if place is None else place.execution_date,
        code=payout.code if isinstance(payout, Failed | Returned) else None,
        reason=payout.reason if isinstance(payout, Held | Failed | Returned | Canceled) else None,
        created_at=loaded.created_at,
        updated_at=loaded.updated_at,
    )


def operator_payout_row_resource(row: PayoutRow) -> OperatorPayoutResource:
    return OperatorPayoutResource(
        payout_id=ids.text_of(ids.PAYOUT, row.payout_id),
        merchant_id=row.merchant_id,
        status=row.status,
        amount=row.amount_minor,
        currency=row.currency,
        bank_account_id=ids.text_of(ids.BANK_ACCOUNT, row.bank_account_id),
        description=row.description,
        trigger=row.trigger,
        batch_id=None if row.batch_id is None else ids.text_of(ids.PAYOUT_BATCH, row.batch_id),
        execution_date=row.execution_date,
        code=row.code,
        reason=row.reason,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def batch_resource(row: PayoutBatchRow) -> PayoutBatchResource:
    return PayoutBatchResource(
        batch_id=ids.text_of(ids.PAYOUT_BATCH, row.batch_id),
        message_id=row.message_id,
        status=row.status,
        currency=row.currency,
        total=row.total_minor,
        payouts=row.payouts,
        execution_date=row.execution_date,
        file_sha256=row.file_sha256,
        reference=row.reference,
        reason=row.reason,
        created_at=row.created_at,
    )


def _for_merchant(payout: OperatorPayoutResource) -> PayoutResource:
    """A payout without the reasons for holding or canceling; the bank's reason for not paying is shown."""
    return PayoutResource(
        payout_id=payout.payout_id,
        status=payout.status,
        amount=payout.amount,
        currency=payout.currency,
        bank_account_id=payout.bank_account_id,
        description=payout.description,
        trigger=payout.trigger,
        execution_date=payout.execution_date,
        failure=None if payout.code is None else Failure(payout.code, payout.reason or ""),
        created_at=payout.created_at,
        updated_at=payout.updated_at,
    )
