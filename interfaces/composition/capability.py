"""A capability has parts, which are started and closed with the process: HTTP routes use some, and a worker runs tasks
for some."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from msgspec import Struct

from interfaces.runtime.worker import Task

K = TypeVar("K")
V = TypeVar("V")


class Capability(Struct, frozen=True, kw_only=True):
    """The parts of one capability, which its file in this folder wires together."""

    async def start(self) -> None:
        """Start the parts that run in the background. Called once, in the order in which `Core` wires."""

    async def aclose(self) -> None:
        """End those parts. Called once, in the opposite order."""

    def worker_tasks(self) -> Mapping[str, Task]:
        """The tasks of a worker, by name. Each waits until a restored store is reopened: it may ask a provider or a
        bank for something, or move money."""
        return {}

    def route_parts(self) -> Mapping[str, object]:
        """The parts that HTTP routes take, by the name of the routes' parameter."""
        return {}


class NameTaken(Exception):
    """Two capabilities offer something under the same name."""


def merged(offered: Iterable[Mapping[K, V]]) -> dict[K, V]:
    """Everything that the capabilities offer. Raises NameTaken."""
    together: dict[K, V] = {}
    for of_capability in offered:
        if taken := together.keys() & of_capability.keys():
            raise NameTaken(f"two capabilities offer {', '.join(sorted(map(str, taken)))}")
        together |= of_capability
    return together
