"""The merchant that asks, its idempotency key, and the request as logs and events name it."""

from uuid import UUID

from msgspec import Struct

from application.write.store import Answer, Claim, Verb
from domain.history import Cause
from domain.identifiers import MerchantId, OperationId


class Caller(Struct, frozen=True, kw_only=True):
    """`fingerprint` is a digest of the request without its key: the same key with another one is refused."""

    merchant_id: MerchantId
    cause: Cause
    key: str | None
    fingerprint: bytes

    def claim(
        self, verb: Verb, operation_id: OperationId, subject_id: UUID, *, answer: Answer | None, unresolved: bool
    ) -> Claim:
        """The claim that an append carries for this caller's command."""
        return Claim(
            operation_id=operation_id,
            merchant_id=self.merchant_id,
            subject_id=subject_id,
            verb=verb,
            key=self.key,
            fingerprint=self.fingerprint,
            unresolved=unresolved,
            answer=answer,
        )


class Answered(Struct, frozen=True, kw_only=True):
    """The answer to the merchant, and the position a query has to reach to see its effect."""

    status: int
    body: bytes
    position: int | None
    replayed: bool = False
