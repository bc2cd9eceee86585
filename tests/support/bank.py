"""A bank in memory, which writes the files that the real client writes, and says of payments what a test has it say."""

import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from application.payout.bank_port import (
    Accepted,
    BankFile,
    BankSilent,
    BankUnavailable,
    Batch,
    InstructionInvalid,
    PaymentReport,
    PaymentStatus,
    RefusedFile,
    SchemeNotServed,
    Submission,
    TakenPayment,
)
from domain.bank_account.details import BankDetails
from domain.money.money import Money
from infrastructure.bank.debtor import Debtor
from infrastructure.bank.pain001 import payment_file
from infrastructure.bank.served import no_account, payment_fault

OURS = Debtor(name="Tallystick Demo GmbH", iban="DE89370400440532013000", bic="COBADEFFXXX")


class BankInMemory:
    """Implements application.payout.bank_port.Bank."""

    def __init__(self, debtor: Debtor = OURS) -> None:
        self.name = "northbank"
        self.debtor = debtor
        self.files: dict[str, bytes] = {}
        """What it has taken, by message id."""
        self.submissions: list[tuple[str, bytes]] = []
        """Every attempt to hand it a file."""
        self.said: list[PaymentReport] = []
        self.refuses: str | None = None
        self.reference: str | None = None
        self.loses_answers = 0
        """Of how many of the next files nobody hears that it has taken them."""
        self.is_silent = False
        self.page = 200

    def fault_of(self, amount: Money, details: BankDetails) -> SchemeNotServed | InstructionInvalid | None:
        if self.debtor.paying_in(amount.currency) is None:
            return no_account(amount.currency, details)
        return payment_fault(amount, details)

    def instruct(self, batch: Batch) -> BankFile:
        content = payment_file(batch, self.debtor)
        return BankFile(content=content, sha256=hashlib.sha256(content).hexdigest())

    async def submit(self, file: BankFile, message_id: str) -> Submission:
        self.submissions.append((message_id, file.content))
        if self.refuses is not None:
            return RefusedFile(self.refuses)
        assert self.files.setdefault(message_id, file.content) == file.content, "another file under the same id"
        if self.loses_answers:
            self.loses_answers -= 1
            return BankUnavailable("no answer")
        return Accepted(self.reference or f"BANK-{len(self.files)}")

    async def reports(self, after: str | None) -> Sequence[PaymentReport]:
        if self.is_silent:
            raise BankSilent("no answer")
        return [report for report in self.said if int(report.report_id) > int(after or 0)][: self.page]

    async def taken(self) -> AsyncIterator[TakenPayment]:
        if self.is_silent:
            raise BankSilent("no answer")
        for message_id, content in self.files.items():
            for end_to_end_id in re.findall(rb"<EndToEndId>([^<]+)</EndToEndId>", content):
                yield TakenPayment(end_to_end_id=end_to_end_id.decode(), message_id=message_id)

    def says(self, end_to_end_id: str, status: PaymentStatus, code: str | None = None) -> PaymentReport:
        """One more report."""
        said = PaymentReport(
            report_id=str(len(self.said) + 1),
            end_to_end_id=end_to_end_id,
            status=status,
            reason_code=code,
            at=datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
        )
        self.said.append(said)
        return said
