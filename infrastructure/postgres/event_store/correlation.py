"""The payment of a provider's operation or reference, found in the view `provider_operations`."""

from collections.abc import Sequence

from application.payment.correlation import Correlation
from domain.identifiers import OperationId, PaymentId, ProviderName
from infrastructure.postgres.connection.pool import ReadPool
from projections.engine.checkpoint import positions
from projections.provider import operations as provider_operations


class ViewCorrelation(Correlation):
    """Reads the view provider_operations."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def position(self) -> int:
        view = provider_operations.PROVIDER_OPERATIONS
        async with self._pool.connection() as connection:
            return (await positions(connection, [view]))[view.name]

    async def payments_of_operations(self, operation_ids: Sequence[OperationId]) -> dict[OperationId, PaymentId]:
        async with self._pool.connection() as connection:
            found = await provider_operations.payments_of_operations(connection, operation_ids)
        return {OperationId(operation_id): PaymentId(payment_id) for operation_id, payment_id in found.items()}

    async def payments_of_references(
        self, references: Sequence[tuple[ProviderName, str]]
    ) -> dict[tuple[ProviderName, str], PaymentId]:
        async with self._pool.connection() as connection:
            found = await provider_operations.payments_of_references(connection, references)
        return {
            (ProviderName(provider), reference): PaymentId(payment_id)
            for (provider, reference), payment_id in found.items()
        }
