"""The port to what routing goes by at this moment: the active policy, the providers and how they do."""

from typing import Protocol

from domain.routing.route import Situation


class Routing(Protocol):
    def situation(self) -> Situation:
        """Answers from memory, refreshed in the background: no command waits for it."""
        ...
