"""A dispute has an amount, a state, its announcements, and the test tokens and texts that cause it."""

from enum import StrEnum
from typing import Final

from msgspec import Struct


class Kind(StrEnum):
    INQUIRY = "inquiry"
    CHARGEBACK = "chargeback"


class Status(StrEnum):
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"


class Told(StrEnum):
    """The kind of an announcement about a dispute."""

    OPENED = "opened"
    ESCALATED = "escalated"
    AMENDED = "amended"
    UNDER_REVIEW = "under_review"
    WON = "won"
    PARTIALLY_WON = "partially_won"
    LOST = "lost"


class Dispute(Struct, frozen=True, kw_only=True):
    """A dispute; `amount` is in minor units of the charge's currency, `respond_by` in Unix time."""

    id: str
    charge_id: str
    kind: Kind
    status: Status
    amount: int
    reason: str
    respond_by: float

    @property
    def is_open(self) -> bool:
        return self.status in (Status.NEEDS_RESPONSE, Status.UNDER_REVIEW)


class DisputeTold(Struct, frozen=True, kw_only=True):
    """One announcement, with the dispute at that time; `lost` is the lost part after a partial ruling."""

    told: Told
    dispute: Dispute
    lost: int | None = None


EXPECTED: Final = {"tok_dispute": Kind.CHARGEBACK, "tok_inquiry": Kind.INQUIRY}
"""Test tokens whose charges are disputed, in full and as fraudulent, soon after their first capture."""
WINNING, LOSING = b"winning_evidence", b"losing_evidence"
"""Texts in the evidence that decide the dispute; without either text the bank waits for a command."""
ANSWER_WITHIN_S: Final = 7 * 24 * 3600.0
BANK_RULES_AFTER_S: Final = 30.0
"""The delay after the last day to respond, after which an open chargeback without a response is lost."""


def network_of(token: str) -> str:
    """The network of the card behind a token."""
    return {"tok_mastercard": "mastercard", "tok_amex": "amex"}.get(token, "visa")


def ruling_of(evidence: list[bytes]) -> Status | None:
    """The ruling that the evidence itself causes; None where the bank waits for a command."""
    for content in evidence:
        if WINNING in content:
            return Status.WON
        if LOSING in content:
            return Status.LOST
    return None
