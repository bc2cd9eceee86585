"""The problems of dead letters."""

from typing import Final

from application.dead_letter.commands import DeadLetterNotFound, NothingToRetryWith
from domain.dead_letter.refusals import CloseReasonMissing, DeadLetterEnded
from interfaces.resources.problems.problem import problem

PROBLEMS: Final = (
    problem(
        DeadLetterNotFound, 404, "dead_letter_not_found", "No such dead letter", "There is no dead letter with this id."
    ),
    problem(
        DeadLetterEnded,
        409,
        "dead_letter_ended",
        "The dead letter has ended",
        lambda e: f"It is {e.state} already; there is nothing left to {e.verb}.",
        facts=lambda e: {"current_status": e.state},
    ),
    problem(
        NothingToRetryWith,
        409,
        "nothing_to_retry_with",
        "It cannot be tried again from here",
        lambda e: f"This process has nothing that could do a {e.kind} again.",
    ),
    problem(
        CloseReasonMissing,
        422,
        "close_reason_missing",
        "A reason is needed",
        "Say why nothing more is to be done about it.",
        field="reason",
    ),
)
