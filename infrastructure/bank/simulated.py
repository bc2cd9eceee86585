"""The simulator's bank over HTTP: a file may be submitted again, and is executed once."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus
from typing import Final

import msgspec
from msgspec import Raw, Struct

from application.payout.bank_port import (
    Accepted,
    BankFile,
    BankSilent,
    BankUnavailable,
    Batch,
    InstructionInvalid,
    PaymentReport,
    RefusedFile,
    SchemeNotServed,
    Submission,
    TakenPayment,
)
from application.provider.listing import ListingFailed
from domain.bank_account.details import BankDetails
from domain.money.money import Money
from domain.payment.outcome import Unknown
from infrastructure.bank.debtor import Debtor
from infrastructure.bank.pain001 import payment_file
from infrastructure.bank.served import no_account, payment_fault
from infrastructure.provider.http import Answer, HttpCalls
from infrastructure.provider.pages import Page, entries
from infrastructure.provider.reading import UNDECODABLE, decode

NAME: Final = "simulator"
TAKEN_AT_ONCE: Final = 1000
_NEVER_TAKEN: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
"""Under these the bank has looked at the file; anything else may pass."""


class _FileAnswer(Struct, frozen=True):
    reference: str


class _Error(Struct, frozen=True):
    code: str
    message: str


class _ErrorAnswer(Struct, frozen=True):
    error: _Error


class _Reports(Struct, frozen=True):
    reports: list[PaymentReport]


class _Books(Struct, frozen=True):
    payments: list[Raw]
    next_after: int | None


class SimulatedBank:
    """Implements application.payout.bank_port.Bank; made in a running event loop. `timeout_s` bounds a whole call."""

    def __init__(self, base_url: str, debtor: Debtor, *, name: str = NAME, timeout_s: float = 10.0) -> None:
        self._calls = HttpCalls(base_url, timeout_s=timeout_s)
        self._debtor = debtor
        self.name = name

    async def aclose(self) -> None:
        await self._calls.aclose()

    def fault_of(self, amount: Money, details: BankDetails) -> SchemeNotServed | InstructionInvalid | None:
        if self._debtor.paying_in(amount.currency) is None:
            return no_account(amount.currency, details)
        return payment_fault(amount, details)

    def instruct(self, batch: Batch) -> BankFile:
        content = payment_file(batch, self._debtor)
        return BankFile(content=content, sha256=hashlib.sha256(content).hexdigest())

    async def submit(self, file: BankFile, message_id: str) -> Submission:
        headers = {"X-Message-Id": message_id, "Content-Type": "application/xml"}
        answer = await self._calls.send("POST", "/files", file.content, headers)
        if not isinstance(answer, Answer):
            return BankUnavailable(answer.reason)
        try:
            if answer.http_status == HTTPStatus.OK:
                return Accepted(decode(answer.body, _FileAnswer).reference)
            if answer.http_status in _NEVER_TAKEN:
                return RefusedFile(decode(answer.body, _ErrorAnswer).error.message)
        except UNDECODABLE:
            return BankUnavailable(f"HTTP {answer.http_status} with a body that cannot be read")
        return BankUnavailable(f"HTTP {answer.http_status}")

    async def reports(self, after: str | None) -> Sequence[PaymentReport]:
        answer = await self._calls.look(f"/reports?after={after or 0}")
        if not isinstance(answer, Answer):
            raise BankSilent(answer.reason)
        if answer.http_status != HTTPStatus.OK:
            raise BankSilent(f"HTTP {answer.http_status}")
        try:
            return decode(answer.body, _Reports).reports
        except UNDECODABLE as error:
            raise BankSilent(f"a page of reports that cannot be read: {error}") from error

    async def taken(self) -> AsyncIterator[TakenPayment]:
        async def look(cursor: str | None) -> Answer | Unknown:
            return await self._calls.look(f"/books?after={cursor or 0}&limit={TAKEN_AT_ONCE}")

        try:
            async for entry in entries(look, _page):
                yield msgspec.json.decode(entry, type=TakenPayment)
        except (ListingFailed, *UNDECODABLE) as error:
            raise BankSilent(f"it does not say which payments it has: {error}") from error


def _page(body: bytes) -> Page:
    books = decode(body, _Books)
    return Page(books.payments, None if books.next_after is None else str(books.next_after))
