"""A provider's answer to any operation is one of the outcomes here, and no other."""

from typing import Final

from msgspec import Struct

from domain.money.money import Money


class Redirect(Struct, frozen=True, tag="redirect"):
    """The customer goes to `url`: a 3-D Secure challenge, a wallet, a bank's page."""

    url: str


class Collect(Struct, frozen=True, tag="collect"):
    """The customer approves the request that was sent to `address` (UPI's VPA) in an app of their own."""

    address: str


class Transfer(Struct, frozen=True, tag="transfer"):
    """The customer sends the amount to `account`, naming `remittance`."""

    account: str
    remittance: str


NextAction = Redirect | Collect | Transfer


class Approved(Struct, frozen=True, tag="approved"):
    """The provider did what was asked; `reference` is its own name for the charge (or capture, or refund)."""

    reference: str


class ActionRequired(Struct, frozen=True, tag="action_required"):
    """The customer must act before the provider can decide; `reference` is its name for the charge."""

    reference: str
    action: NextAction


class Declined(Struct, frozen=True, tag="declined"):
    """A no, with the normalised reason: one of `DECLINE_CODES`."""

    code: str
    message: str


class Rejected(Struct, frozen=True, tag="rejected"):
    """The provider refused the request itself: our fault, nothing was charged."""

    code: str
    message: str


class Unavailable(Struct, frozen=True, tag="unavailable"):
    """The request certainly never took effect: it may safely go elsewhere."""

    reason: str


class Unknown(Struct, frozen=True, tag="unknown"):
    """The request may have taken effect, or will (a time-out, a dropped connection, a 5xx, "accepted"): resolve it
    before all else. `accepted` when the provider said that it goes on with it: then all is well with the provider."""

    reason: str
    accepted: bool = False


class Mismatched(Unknown, frozen=True, tag="unknown"):
    """An answer that does not fit what was asked: another operation, charge, amount, currency or state. Nothing is
    known by it, and an operator has to be told. It is never stored: where an outcome is recorded, it is Unknown."""


class ApprovedInPart(Mismatched, frozen=True, kw_only=True, tag="unknown"):
    """The provider approved `amount`, less than was asked for, and has reserved it, or `taken` it, under `reference`.
    Unknown to all who do not provide for it."""

    reference: str
    amount: Money
    taken: bool


Refusal = Declined | Rejected | Unavailable
Outcome = Approved | ActionRequired | Refusal | Unknown

DECLINE_CODES: Final = frozenset(
    {
        "authentication_failed",
        "blocked",
        "canceled",
        "capture_declined",
        "card_declined",
        "declined",
        "do_not_honor",
        "expired_card",
        "fraud_suspected",
        "incorrect_cvc",
        "insufficient_funds",
        "invalid_token",
        "issuer_unavailable",
        "limit_exceeded",
        "lost_or_stolen_card",
        "not_permitted",
        "partially_approved",
        "processing_error",
        "refund_declined",
        "try_again_later",
    }
)
"""The reasons that every connector speaks in; one that has no better word says `declined`."""
DECLINE_CODE_CANCELED: Final = "canceled"
"""Nobody said no: the attempt was given up before the customer had acted."""
DECLINE_CODE_PARTIAL: Final = "partially_approved"
"""The provider approved less than was asked for, and has given it up."""
NEVER_SOFT: Final = frozenset({DECLINE_CODE_CANCELED, DECLINE_CODE_PARTIAL, "capture_declined", "refund_declined"})
"""Of these no policy can say that another provider may see it otherwise: a charge that was not captured may still hold
the customer's funds, and what was canceled is wanted no more."""
DECLINE_CODE_OTHER: Final = "declined"
