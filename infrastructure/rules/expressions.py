"""Conditions in the Common Expression Language: compiled once, and false where an evaluation fails."""

import logging
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from domain.errors import described
from domain.routing.route import Facts
from infrastructure.rules.language import compiled, context

if TYPE_CHECKING:
    import cel

COMPILED_MAX: Final = 1_024
FAILURES_TOLD_MAX: Final = 1_024

log = logging.getLogger(__name__)
_compiled = lru_cache(maxsize=COMPILED_MAX)(compiled)


class Expressions:
    """`failures` counts the evaluations that could not be finished, such as a division by zero."""

    def __init__(self) -> None:
        self.failures = 0
        self._facts: Facts | None = None
        self._context: cel.Context | None = None
        self._told: set[str] = set()

    def prepare(self, when: str) -> None:
        """Compile a condition, so that no payment waits for that. A condition that does not compile never holds."""
        with suppress(ValueError):
            _compiled(when)

    def holds(self, when: str, facts: Facts) -> bool:
        """Whether `when` is true of `facts`. A failed evaluation is false: the payment goes on to the next rule."""
        try:
            return _compiled(when).execute(self._context_of(facts)) is True
        except Exception as error:
            self._failed(when, error)
            return False

    def _context_of(self, facts: Facts) -> "cel.Context":
        """The library's context for `facts`, once for all rules of a decision: making one costs sixty evaluations."""
        if self._context is None or facts is not self._facts:
            self._facts, self._context = None, context(facts)
            self._facts = facts
        return self._context

    def _failed(self, when: str, error: Exception) -> None:
        self.failures += 1
        if when not in self._told and len(self._told) < FAILURES_TOLD_MAX:
            self._told.add(when)
            log.warning("routing_condition_failed", extra={"condition": when, "error": described(error)})
