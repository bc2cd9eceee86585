"""Dead letters: the commands of operators about work that was given up, whichever capability gave it up."""

from collections.abc import Callable, Mapping

from application.dead_letter.commands import DeadLetters, Retrier
from domain.dead_letter.events import DeadLetterKind
from interfaces.composition.capability import Capability, merged
from interfaces.composition.clock import utc_now
from interfaces.composition.shared import Shared

Retriers = Callable[[Shared], Mapping[DeadLetterKind, Retrier]]
"""A capability's kinds of dead letter, and how the work of each is tried once more."""


class DeadLetterParts(Capability, frozen=True, kw_only=True):
    commands: DeadLetters

    def route_parts(self) -> Mapping[str, object]:
        return {"dead_letters": self.commands}


def wire(shared: Shared, *retriers: Retriers) -> DeadLetterParts:
    by_kind = merged(of_capability(shared) for of_capability in retriers)
    return DeadLetterParts(commands=DeadLetters(store=shared.store, retriers=by_kind, now=utc_now))
