"""A capability has parts, which are started and closed with the process, and the tasks that a worker runs for them."""

from collections.abc import Mapping

from msgspec import Struct

from interfaces.runtime.worker import Task


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
