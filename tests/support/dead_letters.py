"""What an operator was told, for a test to read."""

from msgspec import Struct

from domain.dead_letter.events import DeadLetterKind
from domain.dead_letter.state import DeadLetterSubject
from domain.history import Cause, Recorded
from domain.identifiers import MerchantId, PaymentId, ProviderName


class Letter(Struct, frozen=True, kw_only=True):
    kind: DeadLetterKind
    subject: str
    merchant_id: MerchantId
    payment_id: PaymentId | None
    provider: ProviderName | None
    reason: str


class KeptLetters:
    """Implements DeadLetterSink and DeadLetterRecording of application.dead_letter.sink."""

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

    async def recording(
        self, subject: DeadLetterSubject, *, merchant_id: MerchantId, cause: Cause
    ) -> tuple[Recorded, ...]:
        await self.record(
            kind=subject.kind,
            subject=subject.subject,
            merchant_id=merchant_id,
            payment_id=subject.payment_id,
            provider=subject.provider,
            reason=subject.reason,
            cause=cause,
        )
        return ()

    async def resolved(self, *, kind: DeadLetterKind, subject: str, outcome: str, cause: Cause) -> None:
        self.ended.append(subject)
