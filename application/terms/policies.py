"""The versioned policies in force, of which every decision names the version in its event.

Routing policies and the terms of merchants, which operators change while the system runs, are read through
application.provider.routing_port and application.terms.pricing_context.
"""

from msgspec import Struct

from domain.payment.action_window import ActionWindow
from domain.payment.authorization_window import AuthorizationWindow
from domain.payment.doubt import RecoveryPolicy
from domain.payment.method import MethodType


class Policies(Struct, frozen=True, kw_only=True):
    window: AuthorizationWindow
    action_window: ActionWindow
    recovery: RecoveryPolicy


def in_doubt_after(seconds: int) -> RecoveryPolicy:
    """The policy that leaves an unknown outcome to recovery for so many seconds, before an operator is told."""
    return RecoveryPolicy(version=f"after-{seconds}s:1", in_doubt_after_s=seconds)


DEFAULT_POLICIES = Policies(
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
