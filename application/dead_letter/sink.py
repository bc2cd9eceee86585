"""The port through which workers tell an operator of what they cannot bring to an end by themselves."""

from typing import Protocol

from domain.dead_letter.events import DeadLetterKind
from domain.history import Cause
from domain.identifiers import MerchantId, PaymentId, ProviderName


class DeadLetterSink(Protocol):
    """Both may be called again for the same subject: a worker can die before it has noted that it did.

    Both raise StoreUnavailable.
    """

    async def record(
        self,
        *,
        kind: DeadLetterKind,
        subject: str,
        merchant_id: MerchantId,
        payment_id: PaymentId | None,
        provider: ProviderName | None,
        reason: str,
        cause: Cause,
    ) -> None:
        """An operator has to look at `subject`."""
        ...

    async def resolved(self, *, kind: DeadLetterKind, subject: str, outcome: str, cause: Cause) -> None:
        """It came to an end after all."""
        ...
