"""What cannot be done with a payout."""

from domain.errors import DomainError
from domain.money.money import Money
from domain.payout.status import PayoutStatus


class PayoutBelowMinimum(DomainError):
    """Less is asked for than is paid out at a time."""

    requested: Money
    minimum: Money


class BankAccountUnusable(DomainError):
    """The bank account was removed."""


class PayoutNotCancelable(DomainError):
    """It is in a file to the bank already, or has ended."""

    status: PayoutStatus


class PayoutNotHeld(DomainError):
    """There is nothing to approve."""

    status: PayoutStatus
