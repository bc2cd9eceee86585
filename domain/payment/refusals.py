"""The two refusals that every verb shares: the status does not allow it, or another operation is in flight."""

from domain.errors import DomainError
from domain.payment.events import OperationKind
from domain.payment.operation import operation_of
from domain.payment.state import Capturing, Payment, Processing, Refunding, Voiding
from domain.payment.status import Status, status_of


class IllegalTransition(DomainError):
    """The payment's status does not allow the verb."""

    verb: str
    status: Status


class OperationInProgress(DomainError):
    """Another operation of this payment is at the provider; its outcome has to be known first."""

    verb: str
    operation: OperationKind
    status: Status


def refuse(payment: Payment, verb: str) -> DomainError:
    """The error for a `verb` that `payment` does not allow now."""
    match payment:
        case Processing() | Capturing() | Voiding() | Refunding():
            return OperationInProgress(verb=verb, operation=operation_of(payment), status=status_of(payment))
        case _:
            return IllegalTransition(verb=verb, status=status_of(payment))
