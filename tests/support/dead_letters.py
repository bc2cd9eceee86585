"""What an operator was told, for a test to read."""

from msgspec import Struct

from application.telling import DeadLetterKind
from domain.history import Cause
from domain.identifiers import MerchantId, PaymentId, ProviderName


class Letter(Struct, frozen=True, kw_only=True):
    kind: DeadLetterKind
    subject: str
    merchant_id: MerchantId
    payment_id: PaymentId | None
    provider: ProviderName | None
    reason: str


class Letters:
    """Its `record` implements application.telling.RecordDeadLetter."""

    def __init__(self) -> None:
        self.told: list[Letter] = []

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
