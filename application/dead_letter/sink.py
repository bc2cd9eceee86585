"""The port through which workers report to operators the work that they give up."""

from typing import Protocol

from domain.dead_letter.events import DeadLetterKind
from domain.dead_letter.state import DeadLetterSubject
from domain.history import Cause, Recorded
from domain.identifiers import MerchantId, PaymentId, ProviderName


class DeadLetterSink(Protocol):
    """Both methods are idempotent, since a worker that died in between reports again. Both raise StoreUnavailable."""

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
        """Record that an operator has to look at `subject`."""
        ...

    async def resolved(self, *, kind: DeadLetterKind, subject: str, outcome: str, cause: Cause) -> None:
        """Record that the work on `subject` came to an end after all."""
        ...


class DeadLetterRecording(Protocol):
    """The port for a fact that a dead letter is appended with, so that neither is on record without the other."""

    async def recording(
        self, subject: DeadLetterSubject, *, merchant_id: MerchantId, cause: Cause
    ) -> tuple[Recorded, ...]:
        """The events that DeadLetterSink.record would append, for an append that also has the fact behind them. None
        where the letter is open. Where that append conflicts, they have to be asked for again.

        Raises StoreUnavailable.
        """
        ...
