"""The port through which workers tell an operator of what they cannot bring to an end by themselves."""

from enum import StrEnum
from typing import Protocol

from domain.history import Cause
from domain.identifiers import MerchantId, PaymentId, ProviderName


class DeadLetterKind(StrEnum):
    TIMER = "timer"
    COMMAND = "command"


class RecordDeadLetter(Protocol):
    """May be called again for the same subject, when a worker died after it was told and before it had noted so."""

    async def __call__(
        self,
        *,
        kind: DeadLetterKind,
        subject: str,
        merchant_id: MerchantId,
        payment_id: PaymentId | None,
        provider: ProviderName | None,
        reason: str,
        cause: Cause,
    ) -> None: ...
