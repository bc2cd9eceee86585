"""The port to a provider's webhooks: is this delivery really the provider's, and what does it say?"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from domain.dispute.events import DisputeReason
from domain.identifiers import DisputeId, OperationId
from domain.money.money import Money
from domain.payment.events import OperationKind
from domain.payment.method import CardBrand
from domain.payment.outcome import Outcome


class SignatureInvalid(Exception):
    """The delivery is not signed by the provider: somebody else's, or changed on the way."""


class SignatureStale(SignatureInvalid):
    """It is signed, but too old to be anything but a recording played again."""


class NotificationUnreadable(Exception):
    """The provider signed it, and we cannot read it: its words changed, or are new to us."""


class Notification(Struct, frozen=True, kw_only=True):
    """What a provider says became of an operation.

    `event_id` is the provider's own name of the notification: one that comes twice is one. `about` is what it speaks
    of: an authorisation notice of a charge that is to be captured at once says nothing of the capture yet.
    `operation_id` is ours, where the provider gives it back; `reference` is its name for the charge, and
    `own_reference` its name for the capture, void or refund itself, where it gives that one. `amount` is that of the
    operation, where the provider says it. `closes` says of a capture whether nothing is reserved behind it, where the
    provider says that.
    """

    event_id: str
    about: OperationKind
    outcome: Outcome
    operation_id: OperationId | None
    reference: str | None
    own_reference: str | None = None
    amount: Money | None = None
    closes: bool | None = None


class DisputePhase(StrEnum):
    """Where a provider says that a dispute is. `won` is also one that was withdrawn, or an inquiry that was closed."""

    INQUIRY = "inquiry"
    CHARGEBACK = "chargeback"
    UNDER_REVIEW = "under_review"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    WON = "won"
    PARTIALLY_WON = "partially_won"
    LOST = "lost"


class DisputeNotification(Struct, frozen=True, kw_only=True):
    """What a provider says of a dispute, which it names `dispute_id`; `operation_id` and `reference` say which charge
    is disputed, and `due` until when the provider wants an answer, where it says so. `amount` is there whenever it is
    a word that may begin a dispute; with `amends` it may be another one than was told before, and without it must not.
    `lost` is what stays the customer's where the bank ruled in part."""

    event_id: str
    phase: DisputePhase
    dispute_id: DisputeId
    amount: Money | None
    reason: DisputeReason
    provider_reason: str
    network: CardBrand | None
    due: datetime | None
    operation_id: OperationId | None
    reference: str | None
    amends: bool = False
    lost: Money | None = None


class Unhandled(Struct, frozen=True, kw_only=True):
    """A notification of a kind that we have no use for; `kind` in the provider's words."""

    event_id: str
    kind: str


class Notifications(Protocol):
    """One provider's webhooks. Neither method does I/O."""

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Raises SignatureInvalid or SignatureStale. The names of `headers` are in lower case; any may be missing,
        and all, like the body, may be hostile."""
        ...

    def read(self, body: bytes) -> Notification | DisputeNotification | Unhandled:
        """Raises NotificationUnreadable."""
        ...
