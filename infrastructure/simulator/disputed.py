"""What a bank disputes of a charge, how it is told, and which tokens bring it about."""

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
    """What is announced of a dispute."""

    OPENED = "opened"
    ESCALATED = "escalated"
    AMENDED = "amended"
    UNDER_REVIEW = "under_review"
    WON = "won"
    PARTIALLY_WON = "partially_won"
    LOST = "lost"


class Dispute(Struct, frozen=True, kw_only=True):
    """`amount` in minor units of the charge; `respond_by` in Unix time."""

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
    """One announcement: `told` of the dispute as it was then; `lost` of it, where the bank ruled in part."""

    told: Told
    dispute: Dispute
    lost: int | None = None


EXPECTED: Final = {"tok_dispute": Kind.CHARGEBACK, "tok_inquiry": Kind.INQUIRY}
"""A charge of which is disputed, in full and as fraudulent, soon after its first capture."""
WINNING, LOSING = b"winning_evidence", b"losing_evidence"
"""A text among the evidence that holds one of these decides; without either the bank waits to be told."""
ANSWER_WITHIN_S: Final = 7 * 24 * 3600.0
BANK_RULES_AFTER_S: Final = 30.0
"""So long after the last day to answer an open chargeback of which nobody has heard is lost."""


def network_of(token: str) -> str:
    """The network of a card, by its token."""
    return {"tok_mastercard": "mastercard", "tok_amex": "amex"}.get(token, "visa")


def ruling_of(evidence: list[bytes]) -> Status | None:
    """What the bank makes of the evidence by itself."""
    for content in evidence:
        if WINNING in content:
            return Status.WON
        if LOSING in content:
            return Status.LOST
    return None
