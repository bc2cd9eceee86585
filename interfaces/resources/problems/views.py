"""The problems of read models that cannot answer yet."""

from typing import Final

from interfaces.resources.problems.problem import problem, retry_after_of
from projections.engine.checkpoint import ViewRebuilding
from projections.engine.waiting import ViewBehind

PROBLEMS: Final = (
    problem(
        ViewBehind,
        503,
        "view_behind",
        "The view is not there yet",
        lambda e: f"The view {e.view} has not come to position {e.position} yet. Ask again.",
        headers=retry_after_of,
    ),
    problem(
        ViewRebuilding,
        503,
        "view_rebuilding",
        "The view is being made anew",
        lambda e: f"The view {e.view} was made by another version, and is being made anew. Ask again.",
        headers=retry_after_of,
    ),
)
