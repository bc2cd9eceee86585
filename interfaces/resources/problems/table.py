"""The one table that maps every kind of refusal to its problem, merged from the nouns' own tables."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Final

from msgspec import UNSET

from domain.redaction import quotable
from interfaces.resources.problems import (
    access,
    bank_account,
    dead_letter,
    dispute,
    fx,
    idempotency,
    ledger,
    money,
    payment,
    payout,
    request,
    restore,
    routing,
    settlement,
    store,
    terms,
    views,
    webhook_in,
)
from interfaces.resources.problems.problem import TYPE_PREFIX, Problem, ProblemBody

QUOTED_CHARACTERS_MAX: Final = 100
"""Of each name, id or value that a caller sent and that a problem quotes."""
REASON_CHARACTERS_MAX: Final = 300


class DuplicateProblem(Exception):
    """Two problems are for the same kind of error, or have the same type."""


def merged(*tables: Iterable[Problem]) -> Mapping[type[Exception], Problem]:
    """All problems by their kind of error. Raises DuplicateProblem."""
    by_kind: dict[type[Exception], Problem] = {}
    slugs: set[str] = set()
    for problem in (problem for table in tables for problem in table):
        if problem.kind in by_kind:
            raise DuplicateProblem(f"two problems are for {problem.kind.__name__}")
        if problem.slug in slugs:
            raise DuplicateProblem(f"two problems have the type {problem.slug}")
        by_kind[problem.kind] = problem
        slugs.add(problem.slug)
    return by_kind


PROBLEMS: Final = merged(
    access.PROBLEMS,
    bank_account.PROBLEMS,
    dead_letter.PROBLEMS,
    dispute.PROBLEMS,
    fx.PROBLEMS,
    idempotency.PROBLEMS,
    ledger.PROBLEMS,
    money.PROBLEMS,
    payment.PROBLEMS,
    payout.PROBLEMS,
    request.PROBLEMS,
    restore.PROBLEMS,
    routing.PROBLEMS,
    settlement.PROBLEMS,
    store.PROBLEMS,
    terms.PROBLEMS,
    views.PROBLEMS,
    webhook_in.PROBLEMS,
)


def problem_body(error: Exception, request_id: str) -> ProblemBody:
    """The body that describes a refusal. Raises KeyError for an error that the table does not have."""
    problem = PROBLEMS[type(error)]
    facts = _QuotableFacts(error)
    return ProblemBody(
        type=TYPE_PREFIX + problem.slug,
        status=problem.status,
        title=problem.title,
        detail=problem.detail(facts),
        request_id=request_id,
        field=problem.field(facts) or UNSET,
        **problem.facts(facts),
    )


class _QuotableFacts:
    """An error's facts, cut, printable and without secrets: many are text that a caller sent, of any length."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        characters_max = REASON_CHARACTERS_MAX if name == "reason" else QUOTED_CHARACTERS_MAX
        return _quotable(getattr(self._error, name), characters_max)


def _quotable(value: Any, characters_max: int) -> Any:
    match value:
        case Enum():
            return value
        case str():
            return quotable(value, characters_max)
        case tuple():
            return tuple(_quotable(item, characters_max) for item in value)
        case _:
            return value
