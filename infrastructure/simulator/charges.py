"""The amounts that a charge captures, releases and refunds never exceed the reserved amount."""

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from infrastructure.simulator.actions import Action
from infrastructure.simulator.tokens import Refusal


class Decision(StrEnum):
    """The decision about a charge; only an approved charge ever reserved or took money."""

    APPROVED = "approved"
    REQUIRES_ACTION = "requires_action"
    DECLINED = "declined"
    CANCELED = "canceled"


class Charge(Struct, frozen=True):
    """One charge; the amounts are running totals in minor units of `currency`.

    `key` is the idempotency key of the creating request; `action` is the customer's action, open or done.
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
    """The amount that banks have frozen or taken back, from the dispute tables of the books."""

    @property
    def reserved(self) -> int:
        """The amount that may still be captured."""
        return self.authorized - self.captured - self.voided - self.released

    @property
    def refundable(self) -> int:
        """The amount that was captured, not yet refunded, and is not disputed."""
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
    """The charge with `amount` reserved and, with `capture`, captured at once."""
    return replace(charge, decision=Decision.APPROVED, authorized=amount, captured=amount if capture else 0)


def captured(charge: Charge, amount: int, *, final: bool) -> Charge | Refusal:
    """The charge with `amount` captured from the reserved amount; a final capture releases the rest."""
    rest = charge.reserved - amount
    if rest < 0:
        return Refusal("capture_exceeds_authorized", f"At most {charge.reserved} can be captured.")
    return replace(charge, captured=charge.captured + amount, released=charge.released + (rest if final else 0))


def voided(charge: Charge) -> Charge | Refusal:
    """The charge with its whole reserved amount released; a charge that waits for its customer is cancelled."""
    if charge.decision is Decision.REQUIRES_ACTION:
        return replace(charge, decision=Decision.CANCELED)
    if charge.reserved == 0:
        return Refusal("nothing_to_void", "The charge reserves nothing any more.")
    return replace(charge, voided=charge.voided + charge.reserved)


def refunded(charge: Charge, amount: int) -> Charge | Refusal:
    """The charge with `amount` of the captured money refunded."""
    if amount > charge.refundable:
        return Refusal("refund_exceeds_captured", f"At most {charge.refundable} can be refunded.")
    return replace(charge, refunded=charge.refunded + amount)
