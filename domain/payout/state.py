"""A payout at each stage of its life, with only the fields known at that stage."""

from datetime import date

from msgspec import Struct

from domain.identifiers import BankAccountId, BatchId, MerchantId
from domain.money.money import Money
from domain.payout.events import PayoutTrigger


class Order(Struct, frozen=True, kw_only=True):
    """The merchant's order. `description` appears on the statement of the merchant's bank."""

    merchant_id: MerchantId
    amount: Money
    bank_account_id: BankAccountId
    trigger: PayoutTrigger
    description: str | None


class Place(Struct, frozen=True, kw_only=True):
    """The payout's place in a file: the bank reports on it by `end_to_end_id`."""

    batch_id: BatchId
    end_to_end_id: str
    execution_date: date


class Held(Struct, frozen=True, tag="held"):
    """An operator has to approve the payout first."""

    order: Order
    reason: str


class Ready(Struct, frozen=True, tag="ready"):
    """The payout goes with the next file."""

    order: Order


class Batched(Struct, frozen=True, tag="batched"):
    """The payout is in a file, which the bank may have."""

    order: Order
    place: Place


class Sent(Struct, frozen=True, tag="sent"):
    """The bank has the file."""

    order: Order
    place: Place


class Paid(Struct, frozen=True, tag="paid"):
    order: Order
    place: Place


class Returned(Struct, frozen=True, tag="returned"):
    """The payout was paid and came back, and the merchant has the money back in `available`."""

    order: Order
    place: Place
    code: str
    reason: str


class Failed(Struct, frozen=True, tag="failed"):
    """The payout was never paid, and the merchant has the money back. `place` is None where no file could carry it."""

    order: Order
    place: Place | None
    code: str
    reason: str


class Canceled(Struct, frozen=True, tag="canceled"):
    order: Order
    reason: str


Payout = Held | Ready | Batched | Sent | Paid | Returned | Failed | Canceled
