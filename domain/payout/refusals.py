"""The refusals of commands on payouts."""

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
    """The payout is in a file to the bank already, or has ended."""

    status: PayoutStatus


class PayoutNotHeld(DomainError):
    """The payout is not held."""

    status: PayoutStatus
