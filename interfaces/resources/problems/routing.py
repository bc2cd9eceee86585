"""The problems of routing policies and of what providers can do."""

from typing import Final

from domain.routing.capabilities import AmountNotCountable
from domain.routing.document import PolicyInvalid
from domain.routing.versions import PolicyNotFound
from interfaces.resources.problems.problem import problem

PROBLEMS: Final = (
    problem(
        PolicyInvalid,
        422,
        "policy_invalid",
        "The routing policy cannot be followed",
        lambda e: f"Line {e.line}: {e.reason}.",
    ),
    problem(
        PolicyNotFound,
        404,
        "policy_not_found",
        "No such routing policy",
        lambda e: f"There is no routing policy {e.number}.",
    ),
    problem(
        AmountNotCountable,
        422,
        "amount_not_countable",
        "The provider cannot count the amount",
        lambda e: (
            f"The provider of the charge counts {e.amount.currency} in steps of {e.step_minor} minor units, up to "
            f"{e.amount_minor_max}; {e.amount.minor} cannot be asked for."
        ),
        field="amount",
    ),
)
