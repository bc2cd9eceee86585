"""A provider that approved a part of the amount has to give the part up: nobody has agreed to a part."""

from typing import Final
from uuid import uuid5

from application.provider.port import AuthorizeRequest, Provider, RefundRequest, VoidRequest
from domain.identifiers import OperationId
from domain.money.money import Money
from domain.payment.outcome import (
    DECLINE_CODE_PARTIAL,
    Approved,
    ApprovedInPart,
    Declined,
    Mismatched,
    Outcome,
    Rejected,
)

NAME: Final = "approved in part"


async def give_up_part(provider: Provider, request: AuthorizeRequest, part: ApprovedInPart) -> Outcome:
    """Declined once the provider has released what it reserved, or given back what it took; Unknown until then.

    An answer may be wrong about the amount: a part is given up only where a look-up confirms it, or else the rest would
    stay taken. Where the look-up finds a full approval, that is the outcome. The release has one id for its attempt,
    however often it is asked for.
    """
    found = await provider.lookup(request)
    if isinstance(found, Approved):
        return found
    if not isinstance(found, ApprovedInPart) or _approved_by(found) != _approved_by(part):
        return Mismatched(f"{part.reason}; and a look-up does not say the same")
    release_id = OperationId(uuid5(request.operation_id, NAME))
    released = await _released(provider, request, part, release_id)
    if isinstance(released, Approved):
        return Declined(DECLINE_CODE_PARTIAL, f"The provider approved {part.amount} of {request.amount} only.")
    return Mismatched(f"{part.reason}; and it has not been given up yet")


def _approved_by(part: ApprovedInPart) -> tuple[str, Money, bool]:
    return part.reference, part.amount, part.taken


async def _released(
    provider: Provider, request: AuthorizeRequest, part: ApprovedInPart, release_id: OperationId
) -> Outcome:
    """The outcome of the release. A refusal may be that of a repeat, from a provider that knows no keys: the first
    request is looked up then."""
    asked: RefundRequest | VoidRequest
    if part.taken:
        asked = RefundRequest(
            operation_id=release_id, payment_id=request.payment_id, reference=part.reference, amount=part.amount
        )
        outcome = await provider.refund(asked)
    else:
        asked = VoidRequest(
            operation_id=release_id, payment_id=request.payment_id, reference=part.reference, amount=part.amount
        )
        outcome = await provider.void(asked)
    if not isinstance(outcome, Declined | Rejected):
        return outcome
    return await provider.lookup(asked) or outcome
