"""The problems of bank accounts."""

from typing import Final

from application.payout.bank_accounts import BankAccountNotFound
from domain.bank_account.add import BankAccountInvalid
from interfaces.resources.problems.problem import problem

PROBLEMS: Final = (
    problem(
        BankAccountNotFound,
        404,
        "bank_account_not_found",
        "No such bank account",
        "You have no bank account with this id.",
    ),
    problem(
        BankAccountInvalid,
        422,
        "bank_account_invalid",
        "No bank would take this",
        lambda e: f"{e.field} {e.reason}.",
        field=lambda e: e.field,
    ),
)
