"""The rules of a charge: what is taken, released and given back never exceeds what was reserved."""

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from infrastructure.simulator.actions import Action
from infrastructure.simulator.tokens import Refusal


class Decision(StrEnum):
    """What was decided of a charge; only one that is approved ever reserved or took anything."""

    APPROVED = "approved"
    REQUIRES_ACTION = "requires_action"
    DECLINED = "declined"
    CANCELED = "canceled"


class Charge(Struct, frozen=True):
    """One charge; the amounts are running totals in minor units of `currency`.

    `key` is the idempotency key of the request that made it; `action` what its customer is, or was, asked to do.
    """

    id: str
    reference: str
    currency: str
    token: str
    authorized: int
    captured: int = 0
    refunded: int = 0
    voided: int = 0
    released: int = 0
    key: str = ""
    decision: Decision = Decision.APPROVED
    action: Action | None = None
    disputed: int = 0
    """What banks have frozen or taken back, by the disputes' own part of the books."""

    @property
    def reserved(self) -> int:
        """What may still be captured."""
        return self.authorized - self.captured - self.voided - self.released

    @property
    def refundable(self) -> int:
        """What was taken, not yet given back, and is not disputed."""
        return self.captured - self.refunded - self.disputed

    @property
    def status(self) -> str:
        if self.decision is not Decision.APPROVED:
            return self.decision.value
        if self.refunded:
            return "partially_refunded" if self.refunded < self.captured else "refunded"
        if self.captured:
            return "partially_captured" if self.reserved else "captured"
        return "authorized" if self.reserved else "voided"


def approved(charge: Charge, amount: int, *, capture: bool) -> Charge:
    """`amount` reserved, and taken at once for `capture`."""
    return replace(charge, decision=Decision.APPROVED, authorized=amount, captured=amount if capture else 0)


def captured(charge: Charge, amount: int, *, final: bool) -> Charge | Refusal:
    """`amount` taken of what is reserved; a final capture releases the rest."""
    rest = charge.reserved - amount
    if rest < 0:
        return Refusal("capture_exceeds_authorized", f"At most {charge.reserved} can be captured.")
    return replace(charge, captured=charge.captured + amount, released=charge.released + (rest if final else 0))


def voided(charge: Charge) -> Charge | Refusal:
    """All that is still reserved given up; a charge that waits for its customer is canceled."""
    if charge.decision is Decision.REQUIRES_ACTION:
        return replace(charge, decision=Decision.CANCELED)
    if charge.reserved == 0:
        return Refusal("nothing_to_void", "The charge reserves nothing any more.")
    return replace(charge, voided=charge.voided + charge.reserved)


def refunded(charge: Charge, amount: int) -> Charge | Refusal:
    """`amount` of what was taken given back."""
    if amount > charge.refundable:
        return Refusal("refund_exceeds_captured", f"At most {charge.refundable} can be refunded.")
    return replace(charge, refunded=charge.refunded + amount)
