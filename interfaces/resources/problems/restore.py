"""The problems of charges found at a provider after a restore."""

from typing import Final

from application.restore.orphan_refund import OrphanHoldsNothing, OrphanNotFound, OrphanNotGivenBack
from interfaces.resources.problems.problem import problem

PROBLEMS: Final = (
    problem(
        OrphanNotFound,
        404,
        "orphan_not_found",
        "No such entry",
        "Nothing of that name was found at the provider, or it is over: see `tallystick orphans list`.",
    ),
    problem(
        OrphanHoldsNothing,
        409,
        "orphan_holds_nothing",
        "There is nothing to give back",
        "It is no charge that reserves or has taken money.",
    ),
    problem(
        OrphanNotGivenBack,
        409,
        "orphan_not_given_back",
        "The provider has not given it back",
        lambda e: f"The provider says: {e.reason}.",
    ),
)
