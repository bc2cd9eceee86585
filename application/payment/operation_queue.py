"""The port to the operations without an outcome, which recovery's workers share by leases."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from application.write.store import Verb
from domain.identifiers import OperationId, PaymentId


class UnresolvedOperation(Struct, frozen=True, kw_only=True):
    """An operation that was started at a provider and has no outcome yet.

    `attempts` counts recovery's claims of the operation, the present one included; `alerted` says whether an operator
    has been told of it.
    """

    operation_id: OperationId
    payment_id: PaymentId
    verb: Verb
    claimed_at: datetime
    attempts: int = 0
    alerted: bool = False


class OperationQueue(Protocol):
    """Every method raises StoreUnavailable.

    An operation that was put back for longer than a lease and the longest pause was put back by a clock that was
    wrong, and is due.
    """

    async def unresolved(self, *, claimed_before: datetime) -> Sequence[UnresolvedOperation]:
        """Up to a thousand operations that were started before then and have no outcome, oldest first."""
        ...

    async def claim(
        self, *, claimed_before: datetime, now: datetime, lease: timedelta, operations_max: int
    ) -> Sequence[UnresolvedOperation]:
        """Those of them that are due, longest due first; no other worker is given them before the lease has run out."""
        ...

    async def next_due(self, *, now: datetime, older_than: timedelta, lease: timedelta) -> datetime | None:
        """When `claim` gives the next operation, where none is started, put back or released before, and operations are
        claimed `older_than` after their start. `now` where one under a lease is due otherwise; None without one."""
        ...

    async def claim_one(self, operation_id: OperationId, *, now: datetime, lease: timedelta) -> datetime | None:
        """Lease the operation, due or not, until `release`: None, or the end of another worker's lease."""
        ...

    async def release(self, operation_id: OperationId, *, until: datetime) -> None:
        """End the lease of `claim_one` that would have run out at `until`."""
        ...

    async def put_back(
        self, operation_id: OperationId, *, until: datetime, alerted: bool = False, attempts: int | None = None
    ) -> bool:
        """End the lease: the operation is not due before `until`. False where it has its outcome.

        `attempts` are counted from there on, where they are given. An operation once `alerted` stays so, with or
        without an outcome, until `alert_over`.
        """
        ...

    async def make_due(self, operation_id: OperationId, *, now: datetime) -> bool:
        """Make the operation due now, alerted and with no attempts counted. False where it has its outcome."""
        ...

    async def resolved_after_alert(
        self, *, now: datetime, lease: timedelta, operations_max: int
    ) -> Sequence[OperationId]:
        """Operations of which an operator was told, and which have an outcome since, except those whose alert is being
        written: with no attempts counted, and not due."""
        ...

    async def has_alerted(self) -> bool:
        """Whether there is an operation of which an operator was told, and not yet of its outcome."""
        ...

    async def alert_over(self, operation_id: OperationId) -> None:
        """Note that the operator was told of the outcome, where there is one."""
        ...

    async def said_since(self, operation_id: OperationId, said: str, *, now: datetime) -> datetime | None:
        """Note that the provider says `said` of the operation: since when it has said nothing else. None where the
        operation is not known."""
        ...
