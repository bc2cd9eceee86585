"""Movements of money at providers, found by operation or reference in the view `reconciliation`."""

from collections.abc import Sequence
from typing import Final

from application.settlement.commands import FoundMovement
from domain.identifiers import PaymentId, ProviderName
from domain.payment.settlement_events import MovementKind
from infrastructure.postgres.connection.pool import ReadPool
from projections.provider.reconciliation import movement_by_id, movements_by_reference
from projections.provider.settlements import rows_settled_in

_SAME_REFERENCE_MAX: Final = 2
"""Two movements suffice to know that a reference is ambiguous."""


class ViewMovements:
    """Implements application.settlement.commands.MovementFinder."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def by_operation(self, kind: MovementKind, operation_id: str) -> FoundMovement | None:
        async with self._pool.connection() as connection:
            found = await movement_by_id(connection, kind, operation_id)
        return None if found is None else FoundMovement(PaymentId(found.payment_id), operation_id)

    async def by_reference(self, provider: ProviderName, kind: MovementKind, reference: str) -> Sequence[FoundMovement]:
        async with self._pool.connection() as connection:
            found = await movements_by_reference(
                connection, provider, kind, reference, movements_max=_SAME_REFERENCE_MAX
            )
        is_dispute = kind in (MovementKind.CHARGEBACK, MovementKind.REVERSAL)
        # A dispute's id in our records is the provider's reference.
        return [
            FoundMovement(PaymentId(each.payment_id), reference if is_dispute else each.operation_id) for each in found
        ]

    async def settled_in(self, provider: ProviderName, settlement_id: str) -> int:
        async with self._pool.connection() as connection:
            return await rows_settled_in(connection, provider, settlement_id)
