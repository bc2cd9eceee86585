"""An outcome that stays unknown too long is handed to an operator, and never taken for a failure."""

from datetime import datetime, timedelta

from msgspec import Struct

from domain.payment.events import OperationInDoubt
from domain.payment.operation import operation_id_of, operation_of
from domain.payment.state import InFlight


class RecoveryPolicy(Struct, frozen=True, kw_only=True):
    """The time after which an operator is asked, and the time in which a request may be repeated: providers forget
    idempotency keys, and a customer who is charged hours later has long paid otherwise."""

    version: str
    in_doubt_after_s: int

    def has_run_out(self, *, asked_at: datetime, now: datetime) -> bool:
        return now - asked_at >= timedelta(seconds=self.in_doubt_after_s)


def doubt(
    payment: InFlight, policy: RecoveryPolicy, *, asked_at: datetime, now: datetime
) -> tuple[OperationInDoubt, ...]:
    """The fact that the operation asked for at `asked_at` is in doubt, recorded once; nothing before its time."""
    if payment.in_doubt or not policy.has_run_out(asked_at=asked_at, now=now):
        return ()
    return (
        OperationInDoubt(
            operation_id=operation_id_of(payment), operation=operation_of(payment), recovery_policy=policy.version
        ),
    )
