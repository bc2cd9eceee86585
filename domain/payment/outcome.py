"""What a provider's answer means to us, whichever provider and operation it was: five cases and no more."""

from msgspec import Struct


class Approved(Struct, frozen=True, tag="approved"):
    """The provider did what was asked; `reference` is its own name for the charge (or capture, or refund)."""

    reference: str


class ActionRequired(Struct, frozen=True, tag="action_required"):
    """The customer must act at `redirect_url` before the provider can decide."""

    reference: str
    redirect_url: str


class Declined(Struct, frozen=True, tag="declined"):
    """A final no, with the normalised reason (`card_declined`, `insufficient_funds`, …)."""

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
    """The request may have taken effect (a time-out, a dropped connection, a 5xx): resolve it before all else."""

    reason: str


Refusal = Declined | Rejected | Unavailable
Outcome = Approved | ActionRequired | Refusal | Unknown
