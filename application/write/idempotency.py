"""A repeated command gets the first one's answer: never a second effect, never another command's answer."""

import asyncio

from application.write.caller import Answered, Caller
from application.write.store import EventStore, StoredClaim
from domain.errors import DomainError

IN_FLIGHT_WAIT_S = 1.0
"""The time that a repeat waits for the first command's answer before it is refused with IdempotencyKeyInFlight."""
_FIRST_POLL_S = 0.02


class IdempotencyKeyReused(DomainError):
    """The key came with another request before."""


class IdempotencyKeyInFlight(DomainError):
    """The first command under this key has no answer yet."""

    retry_after_s: int = 1


async def answer_again(store: EventStore, claim: StoredClaim, caller: Caller) -> Answered:
    """The answer of the earlier command behind `claim`, after waiting for it a moment when it is still in flight.

    Raises IdempotencyKeyReused when the request differs, IdempotencyKeyInFlight when the answer does not come.
    """
    if claim.fingerprint != caller.fingerprint:
        raise IdempotencyKeyReused()
    waited_s, poll_s = 0.0, _FIRST_POLL_S
    current: StoredClaim | None = claim
    while current is not None and current.answer is None and waited_s < IN_FLIGHT_WAIT_S:
        await asyncio.sleep(poll_s)
        waited_s += poll_s
        poll_s = min(poll_s * 2, IN_FLIGHT_WAIT_S - waited_s)
        current = await store.claim_by_operation(claim.operation_id)
    if current is None or current.answer is None:
        raise IdempotencyKeyInFlight()
    return answered_before(current)


async def find_answer(store: EventStore, caller: Caller) -> Answered | None:
    """The earlier answer under the caller's key, or None when it has no key or the key is new."""
    if caller.key is None:
        return None
    claim = await store.claim_by_key(caller.merchant_id, caller.key)
    return None if claim is None else await answer_again(store, claim, caller)


def answered_before(claim: StoredClaim) -> Answered:
    """The stored answer of a claim that has one."""
    assert claim.answer is not None
    return Answered(status=claim.answer.status, body=claim.answer.body, position=claim.position, replayed=True)
