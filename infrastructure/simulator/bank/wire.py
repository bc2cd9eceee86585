"""What the bank answers."""

from datetime import datetime

from msgspec import Struct

from infrastructure.simulator.bank.scripted_reports import Status


class FileAnswer(Struct, frozen=True):
    """The file was taken, now or before."""

    message_id: str
    reference: str


class Report(Struct, frozen=True):
    """What became of a payment; `reason_code` is an ISO 20022 status reason."""

    report_id: str
    message_id: str
    end_to_end_id: str
    status: Status
    reason_code: str | None
    at: datetime


class Reports(Struct, frozen=True):
    """Oldest first; the last one's id is the cursor of the next page."""

    reports: list[Report]


class BankBooksLine(Struct, frozen=True):
    """One payment that the bank took. `payments_of_end_to_end_id` counts those of its id: above one, somebody may be
    paid twice."""

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
    """`next_after` is the cursor of the next page, None on the last."""

    payments: list[BankBooksLine]
    next_after: int | None
