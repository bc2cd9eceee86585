"""The port to our bank, which takes files of instructions and reports the outcome of each payment."""

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
"""The form of a message's id and of an instruction's: as long as ISO 20022's Max35Text, in fewer characters than a
bank takes."""

INSTRUCTIONS_MAX: Final = 5_000
"""The most instructions in one file, which is then some megabytes long."""

WORDS_MAX: Final = 500


def storable(text: str) -> str:
    """The text of a bank as Postgres can keep it: printable, without NUL, and cut."""
    return "".join(character if character.isprintable() else " " for character in text)[:WORDS_MAX]


class BankSilent(Exception):
    """The bank did not report on payments: ask again from the same place."""


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
    """Pay `amount` to the account. `end_to_end_id` is never used again: the bank reports on the payment by this id.

    `holder_name` and `remittance` may be any text: the file spells both in the characters that it may have.
    """

    payout_id: UUID
    end_to_end_id: str
    amount: Money
    holder_name: str
    details: BankDetails
    remittance: str


class Batch(Struct, frozen=True, kw_only=True):
    """Instructions in one currency, each with another end-to-end id. The same batch always makes the same file."""

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
    """The bank has the file, and will report on each payment; `reference` is the bank's reference of the file."""

    reference: str


class RefusedFile(Struct, frozen=True):
    """The bank took no payment of the file, and never will."""

    reason: str


class BankUnavailable(Struct, frozen=True):
    """The bank may have the file or not. The same file under the same message id can be submitted until the bank
    answers: banks know the ids of messages, and take each message once."""

    reason: str


Submission = Accepted | RefusedFile | BankUnavailable


class PaymentStatus(StrEnum):
    """The bank's status of one payment. Only `returned` can follow `confirmed`; no status follows `rejected` and
    `returned`."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    RETURNED = "returned"


class PaymentReport(Struct, frozen=True, kw_only=True):
    """`reason_code` is one of ISO 20022's external status reasons (AC04 closed account, AM04 insufficient funds,
    MS03 not specified); None where the bank gives no reason."""

    report_id: str
    end_to_end_id: str
    status: PaymentStatus
    reason_code: str | None
    at: datetime


class TakenPayment(Struct, frozen=True, kw_only=True):
    """A payment in a file that the bank has."""

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
        """The file of `batch`, by a pure function: the same bytes each time. Raises SchemeNotServed,
        InstructionInvalid.

        A large file takes a second: call from a thread.
        """
        ...

    async def submit(self, file: BankFile, message_id: str) -> Submission:
        """Submit the file. Raises nothing: a file that the bank may have is BankUnavailable."""
        ...

    async def reports(self, after: str | None) -> Sequence[PaymentReport]:
        """The bank's reports after the report `after`, oldest first; all reports where `after` is None.

        Empty where there are no new reports. No report is ever left out, and a report with a known id is the same
        report. Raises BankSilent.
        """
        ...

    def taken(self) -> AsyncIterator[TakenPayment]:
        """Every payment of ours that the bank has, in whichever file. Raises BankSilent."""
        ...
