"""An outcome that stays unknown too long is handed to an operator: never forgotten, and never taken for a failure."""

from datetime import datetime, timedelta

from msgspec import Struct

from domain.payment.events import OperationInDoubt
from domain.payment.operation import operation_id_of, operation_of
from domain.payment.state import InFlight


class RecoveryPolicy(Struct, frozen=True, kw_only=True):
    """How long the provider is asked before an operator is."""

    version: str
    in_doubt_after_s: int


def doubt(
    payment: InFlight, policy: RecoveryPolicy, *, asked_at: datetime, now: datetime
) -> tuple[OperationInDoubt, ...]:
    """The fact that the operation asked for at `asked_at` is in doubt, recorded once; nothing before its time."""
    if payment.in_doubt or now - asked_at < timedelta(seconds=policy.in_doubt_after_s):
        return ()
    return (
        OperationInDoubt(
            operation_id=operation_id_of(payment), operation=operation_of(payment), recovery_policy=policy.version
        ),
    )
