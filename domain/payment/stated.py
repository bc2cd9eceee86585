"""An answer belongs to its request: what a provider states is compared with what was asked, for every provider alike.

What does not fit decides nothing, whether it says yes or no: it may be about another request, and the money may have
moved otherwise than it was asked to.
"""

from enum import StrEnum

from msgspec import Struct

from domain.identifiers import OperationId
from domain.money.money import Money
from domain.payment.outcome import Approved, ApprovedInPart, Mismatched, Outcome, Unavailable, Unknown


class Movement(StrEnum):
    """What an operation does to the customer's money."""

    RESERVED = "reserved"
    TAKEN = "taken"
    RELEASED = "released"
    GIVEN_BACK = "given back"


class Asked(Struct, frozen=True, kw_only=True):
    """What was asked of a provider under `operation_id`. `charge` is the provider's name for the charge, None for an
    operation that makes it; an `amount` of None is one that nobody knows any more."""

    operation_id: OperationId
    charge: str | None
    amount: Money | None
    movement: Movement

    def __str__(self) -> str:
        of_charge = "" if self.charge is None else f" of charge {self.charge}"
        return f"asked that {self.amount or 'the money'}{of_charge} be {self.movement}"


class Stated(Struct, frozen=True, kw_only=True):
    """What a provider states beside the outcome; None for what its words have no member for.

    `operation_id` is ours, given back, or what stands in its place; `made` its own name of what the operation made: a
    charge, a refund.
    """

    operation_id: str | None = None
    charge: str | None = None
    made: str | None = None
    amount: Money | None = None
    movement: Movement | None = None


def compared(asked: Asked, outcome: Outcome, stated: Stated) -> Outcome:
    """`outcome` where what the provider states fits what was asked, else Mismatched, or ApprovedInPart."""
    misfit = misfit_of(asked, outcome, stated)
    if misfit is None:
        return outcome
    reason = f"we {asked}; {misfit}"
    if isinstance(outcome, Approved) and asked.charge is None and _is_a_part(asked, stated):
        assert stated.amount is not None
        taken = stated.movement is Movement.TAKEN
        return ApprovedInPart(reason, reference=outcome.reference, amount=stated.amount, taken=taken)
    return Mismatched(reason)


def misfit_of(asked: Asked, outcome: Outcome, stated: Stated) -> str | None:
    """The part of the provider's statement that does not fit its request; None where all fits or nothing is decided."""
    if isinstance(outcome, Unknown | Unavailable):
        return None
    if stated.operation_id not in (None, str(asked.operation_id)):
        return f"the provider speaks of operation {stated.operation_id}"
    if asked.charge is not None and stated.charge not in (None, asked.charge):
        return f"the provider speaks of charge {stated.charge}"
    if stated.amount is not None and asked.amount is not None and stated.amount != asked.amount:
        return f"the provider speaks of {stated.amount}"
    if isinstance(outcome, Approved) and stated.movement not in (None, asked.movement):
        return f"the provider says that it is {stated.movement}"
    return None


def _is_a_part(asked: Asked, stated: Stated) -> bool:
    """Whether all fits but the amount, which is a part of what was asked for."""
    if stated.operation_id not in (None, str(asked.operation_id)) or stated.movement not in (None, asked.movement):
        return False
    if stated.amount is None or asked.amount is None or stated.amount.currency != asked.amount.currency:
        return False
    return 0 < stated.amount.minor < asked.amount.minor
