"""What an operator was told, for a test to read."""

from msgspec import Struct

from domain.dead_letter.events import DeadLetterKind
from domain.history import Cause
from domain.identifiers import MerchantId, PaymentId, ProviderName


class Letter(Struct, frozen=True, kw_only=True):
    kind: DeadLetterKind
    subject: str
    merchant_id: MerchantId
    payment_id: PaymentId | None
    provider: ProviderName | None
    reason: str


class KeptLetters:
    """Implements application.dead_letter.sink.DeadLetterSink."""

    def __init__(self) -> None:
        self.told: list[Letter] = []
        self.ended: list[str] = []
        """The subjects that came to an end after all."""

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
        self.told.append(
            Letter(
                kind=kind,
                subject=subject,
                merchant_id=merchant_id,
                payment_id=payment_id,
                provider=provider,
                reason=reason,
            )
        )

    async def resolved(self, *, kind: DeadLetterKind, subject: str, outcome: str, cause: Cause) -> None:
        self.ended.append(subject)
