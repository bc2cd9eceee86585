"""The answers of the bank have fixed JSON fields."""

from datetime import datetime

from msgspec import Struct

from infrastructure.simulator.bank.scripted_reports import Status


class FileAnswer(Struct, frozen=True):
    """The file was accepted, now or before."""

    message_id: str
    reference: str


class Report(Struct, frozen=True):
    """The result of a payment; `reason_code` is an ISO 20022 status reason."""

    report_id: str
    message_id: str
    end_to_end_id: str
    status: Status
    reason_code: str | None
    at: datetime


class Reports(Struct, frozen=True):
    """A page of reports, oldest first; the last report's id is the cursor of the next page."""

    reports: list[Report]


class BankBooksLine(Struct, frozen=True):
    """One payment that the bank accepted.

    `payments_of_end_to_end_id` counts the payments with this end-to-end id: above one, a creditor may be paid twice.
    """

    message_id: str
    end_to_end_id: str
    amount: str
    currency: str
    creditor: str
    account: str
    status: Status
    reason_code: str | None
    payments_of_end_to_end_id: int


class BankBooks(Struct, frozen=True):
    """A page of the bank's books; `next_after` is the cursor of the next page, None on the last."""

    payments: list[BankBooksLine]
    next_after: int | None
