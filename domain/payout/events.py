"""The events of a payout, whose released names never change: a change is a new version."""

from datetime import date
from enum import StrEnum

from domain.event import Event
from domain.identifiers import BankAccountId, BatchId, MerchantId
from domain.money.money import Money


class PayoutTrigger(StrEnum):
    REQUESTED = "requested"
    SCHEDULE = "schedule"


class PayoutCreated(Event, frozen=True, kw_only=True, omit_defaults=True, tag="payout.created.v1"):
    """The amount has left `available` for good, unless the payout is canceled, fails or comes back."""

    merchant_id: MerchantId
    amount: Money
    bank_account_id: BankAccountId
    trigger: PayoutTrigger
    payout_rule: str
    description: str | None = None


class PayoutHeld(Event, frozen=True, kw_only=True, tag="payout.held.v1"):
    """An operator has to approve the payout before it is sent."""

    reason: str
    payout_rule: str


class PayoutApproved(Event, frozen=True, kw_only=True, tag="payout.approved.v1"):
    """An operator approved the payout."""


class PayoutCanceled(Event, frozen=True, kw_only=True, tag="payout.canceled.v1"):
    merchant_id: MerchantId
    amount: Money
    reason: str


class PayoutBatched(Event, frozen=True, kw_only=True, tag="payout.batched.v1"):
    """The payout goes to the bank with a batch, under `end_to_end_id`, and cannot be canceled any more."""

    batch_id: BatchId
    end_to_end_id: str
    execution_date: date


class PayoutSent(Event, frozen=True, kw_only=True, tag="payout.sent.v1"):
    """The bank has taken the batch's file."""

    batch_id: BatchId


class PayoutPaid(Event, frozen=True, kw_only=True, tag="payout.paid.v1"):
    merchant_id: MerchantId
    amount: Money
    bank: str
    report_id: str


class PayoutFailed(Event, frozen=True, kw_only=True, tag="payout.failed.v1"):
    """The bank did not execute the payout. `code` is ISO 20022's status reason, such as AC04."""

    merchant_id: MerchantId
    amount: Money
    code: str
    reason: str


class PayoutReturned(Event, frozen=True, kw_only=True, tag="payout.returned.v1"):
    """The payout was paid, and the money came back."""

    merchant_id: MerchantId
    amount: Money
    bank: str
    code: str
    reason: str
    report_id: str


PayoutEvent = (
    PayoutCreated
    | PayoutHeld
    | PayoutApproved
    | PayoutCanceled
    | PayoutBatched
    | PayoutSent
    | PayoutPaid
    | PayoutFailed
    | PayoutReturned
)
