"""The port that finds the payment which an operation or a provider's reference belongs to."""

from collections.abc import Sequence
from typing import Protocol

from domain.identifiers import OperationId, PaymentId, ProviderName


class Correlation(Protocol):
    """Payments by their operations and by what providers call these. Each method reads a view, which may learn a
    moment later what it does not know yet, and raises StoreUnavailable."""

    async def position(self) -> int:
        """The position of the last event that the view has taken in."""
        ...

    async def payments_of_operations(self, operation_ids: Sequence[OperationId]) -> dict[OperationId, PaymentId]: ...

    async def payments_of_references(
        self, references: Sequence[tuple[ProviderName, str]]
    ) -> dict[tuple[ProviderName, str], PaymentId]: ...

    async def payment_of_reference(self, provider: ProviderName, reference: str) -> PaymentId | None:
        return (await self.payments_of_references([(provider, reference)])).get((provider, reference))
