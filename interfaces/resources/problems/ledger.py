"""The problems of accounts and their balances."""

from typing import Final

from application.write.append import BalanceLimitBroken
from domain.ledger.accounts import UnknownAccount
from interfaces.resources.problems.problem import problem

PROBLEMS: Final = (
    problem(
        UnknownAccount,
        422,
        "unknown_account",
        "No such account",
        lambda e: f"{e.code!r} is not in the chart of accounts.",
    ),
    problem(
        BalanceLimitBroken,
        422,
        "balance_limit_broken",
        "A balance would fall below its limit",
        lambda e: f"{e.account} in {e.currency} does not hold enough for this.",
    ),
)
