"""The port to our bank: a file of instructions goes out, what became of each payment comes back in a feed."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from msgspec import Struct

from domain.bank_account.details import BankDetails, Scheme
from domain.errors import DomainError
from domain.money.money import Money

ID_PATTERN: Final = r"[A-Za-z0-9-]{1,35}"
"""Of a message's id, and of an instruction's: as long as ISO 20022's Max35Text, and of less than a bank takes."""

INSTRUCTIONS_MAX: Final = 5_000
"""In one file: some megabytes."""

WORDS_MAX: Final = 500


def storable(text: str) -> str:
    """A bank's words may be anything; Postgres keeps no NUL in text or JSON."""
    return "".join(character if character.isprintable() else " " for character in text)[:WORDS_MAX]


class BankSilent(Exception):
    """The bank did not say what became of payments: ask again from the same place."""


class SchemeNotServed(DomainError):
    """No file of this bank's can carry a payment in `currency` to an account named by `scheme`."""

    scheme: Scheme
    currency: str
    reason: str


class InstructionInvalid(DomainError):
    """No file can carry this instruction, or the batch where `end_to_end_id` is empty."""

    end_to_end_id: str
    reason: str


class Instruction(Struct, frozen=True, kw_only=True):
    """Pay `amount` to the account. `end_to_end_id` is ours alone for ever: with it the bank tells what became of it.

    `holder_name` and `remittance` may be any text: the file spells both in the characters that it may have.
    """

    payout_id: UUID
    end_to_end_id: str
    amount: Money
    holder_name: str
    details: BankDetails
    remittance: str


class Batch(Struct, frozen=True, kw_only=True):
    """All of one currency, each instruction to a different end-to-end id. The same batch is the same file, for ever."""

    batch_id: UUID
    message_id: str
    currency: str
    execution_date: date
    created_at: datetime
    instructions: tuple[Instruction, ...]


class BankFile(Struct, frozen=True, kw_only=True):
    """`sha256` is that of `content`, in hex."""

    content: bytes
    sha256: str


class Accepted(Struct, frozen=True):
    """The bank has the file, and will say of each payment what became of it; `reference` is the bank's for the file."""

    reference: str


class RefusedFile(Struct, frozen=True):
    """The bank took nothing of it, and never will."""

    reason: str


class BankUnavailable(Struct, frozen=True):
    """The bank may have the file or not. The same file under the same message id can be submitted until it is
    answered: the bank knows the ids of messages, and takes each once."""

    reason: str


Submission = Accepted | RefusedFile | BankUnavailable


class PaymentStatus(StrEnum):
    """What the bank says of one payment. `returned` alone can follow `confirmed`; nothing follows the last two."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    RETURNED = "returned"


class PaymentReport(Struct, frozen=True, kw_only=True):
    """`reason_code` is of ISO 20022's external status reasons (AC04 closed account, AM04 insufficient funds, MS03 not
    specified); None where there is nothing to explain."""

    report_id: str
    end_to_end_id: str
    status: PaymentStatus
    reason_code: str | None
    at: datetime


class TakenPayment(Struct, frozen=True, kw_only=True):
    """A payment of a file that the bank has."""

    end_to_end_id: str
    message_id: str


class Bank(Protocol):
    """One account of ours at one bank."""

    @property
    def name(self) -> str: ...

    def fault_of(self, amount: Money, details: BankDetails) -> SchemeNotServed | InstructionInvalid | None:
        """Why no file could carry `amount` to that account: known before a payout is begun. None where one can."""
        ...

    def instruct(self, batch: Batch) -> BankFile:
        """The file of `batch`: pure, and the same bytes each time. Raises SchemeNotServed, InstructionInvalid.

        A large one takes a second: have it written in a thread.
        """
        ...

    async def submit(self, file: BankFile, message_id: str) -> Submission:
        """Hand the file over. Raises nothing: what may have been taken is BankUnavailable."""
        ...

    async def reports(self, after: str | None) -> Sequence[PaymentReport]:
        """What the bank has said since the report `after`, oldest first; from its first word where that is None.

        Empty when there is nothing new. No report is ever left out, and one whose id came before is the same report.
        Raises BankSilent.
        """
        ...

    def taken(self) -> AsyncIterator[TakenPayment]:
        """Every payment that the bank has of us, in whichever file. Raises BankSilent."""
        ...
