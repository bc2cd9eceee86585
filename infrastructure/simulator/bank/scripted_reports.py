"""Words in a creditor's name decide the result of a payment; every other payment is confirmed."""

from enum import StrEnum
from typing import Final

from msgspec import Struct

SLOW_TIMES: Final = 6
"""The delay of a slow payment, as a multiple of the usual delay."""


class Status(StrEnum):
    RECEIVED = "received"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    RETURNED = "returned"


class Step(Struct, frozen=True):
    """A report about a payment after `delays` times the usual delay; `reason` is an ISO 20022 status reason."""

    delays: int
    status: Status
    reason: str | None = None


REFUSED_FILE: Final = "refused file"
CONFIRMED: Final = (Step(1, Status.CONFIRMED),)
SCRIPTED_REPORTS: Final[dict[str, tuple[Step, ...]]] = {
    "closed account": (Step(1, Status.REJECTED, "AC04"),),
    "insufficient funds": (Step(1, Status.REJECTED, "AM04"),),
    "returned payment": (Step(1, Status.CONFIRMED), Step(2, Status.RETURNED, "MS03")),
    "slow bank": (Step(0, Status.PENDING), Step(SLOW_TIMES, Status.CONFIRMED)),
    "no report": (),
}


def scripted_reports(creditor: str) -> tuple[Step, ...]:
    """The bank's reports about a payment to `creditor`, in order."""
    name = creditor.casefold()
    return next((steps for words, steps in SCRIPTED_REPORTS.items() if words in name), CONFIRMED)


def refuses_file(creditor: str) -> bool:
    return REFUSED_FILE in creditor.casefold()
