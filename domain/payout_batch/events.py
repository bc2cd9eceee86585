"""The events of a payout batch, whose released names never change: a change is a new version."""

from datetime import date

from msgspec import Struct

from domain.event import Event
from domain.identifiers import BatchId, PayoutId
from domain.money.money import Money


class BatchedPayout(Struct, frozen=True, kw_only=True):
    """`amount_minor` is in the batch's currency."""

    payout_id: PayoutId
    amount_minor: int


class PayoutBatchCreated(Event, frozen=True, kw_only=True, tag="payout_batch.created.v1"):
    """The content of the file with that hash: until the bank has answered, no other bytes are sent.

    Appended with the `payout.batched` of each of its payouts, so that a payout is in one batch for ever.
    """

    batch_id: BatchId
    message_id: str
    currency: str
    execution_date: date
    payouts: tuple[BatchedPayout, ...]
    file_sha256: str
    total: Money


class PayoutBatchSubmitted(Event, frozen=True, kw_only=True, tag="payout_batch.submitted.v1"):
    """The bank has the file; `reference` is the bank's for it."""

    reference: str


class PayoutBatchRefused(Event, frozen=True, kw_only=True, tag="payout_batch.refused.v1"):
    """The bank took no payment of the file, and never will."""

    reason: str


PayoutBatchEvent = PayoutBatchCreated | PayoutBatchSubmitted | PayoutBatchRefused
