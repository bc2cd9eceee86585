"""The versioned policies in force: each decision that follows one names its version in the event.

Routing has its own, which operators change while the system runs: see application.routing.
"""

from msgspec import Struct

from domain.action_window import ActionWindow
from domain.authorization_window import AuthorizationWindow
from domain.fees import FlatFee
from domain.payment.doubt import RecoveryPolicy
from domain.payment.method import MethodType


class Policies(Struct, frozen=True, kw_only=True):
    fees: FlatFee
    window: AuthorizationWindow
    action_window: ActionWindow
    recovery: RecoveryPolicy


def in_doubt_after(seconds: int) -> RecoveryPolicy:
    """The policy that leaves an outcome to recovery for so long, before an operator is told."""
    return RecoveryPolicy(version=f"after-{seconds}s:1", in_doubt_after_s=seconds)


DEFAULT_POLICIES = Policies(
    fees=FlatFee(version="flat:1", basis_points=290, fixed_minor=30),
    window=AuthorizationWindow(version="seven-days:1", days=7),
    action_window=ActionWindow(
        version="by-method:1",
        minutes={
            MethodType.CARD: 30,
            MethodType.WALLET: 60,
            MethodType.UPI_COLLECT: 10,
            MethodType.BANK_TRANSFER: 7 * 24 * 60,
        },
    ),
    recovery=in_doubt_after(30 * 60),
)
