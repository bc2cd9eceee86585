"""The parts of capabilities that routes use: each controller declares them, and a route takes one as its parameter."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from litestar import Controller
from litestar.datastructures import State
from litestar.di import Provide


class PartMissing(Exception):
    """No capability offers a part that a route takes, or the part has another type."""

    def __init__(self, name: str, kind: type[object]) -> None:
        super().__init__(f"a route takes the part {name!r}, and no capability offers a {kind.__name__} of that name")


class Part(Provide):
    """The dependency of a route on the part of that name and type."""

    def __init__(self, name: str, kind: type[object]) -> None:
        def part(state: State) -> Any:
            return state.services.parts[name]

        super().__init__(part, sync_to_thread=False)
        self.kind = kind


def parts(**kinds: type[object]) -> dict[str, Part]:
    """The `dependencies` of a controller: the names of its routes' parameters, and the types of the parts."""
    return {name: Part(name, kind) for name, kind in kinds.items()}


def kinds_taken(controllers: Sequence[type[Controller]]) -> Iterator[tuple[str, type[object]]]:
    """Every part that a route takes: its name, and its type."""
    for controller in controllers:
        for name, dependency in vars(controller).get("dependencies", {}).items():
            if isinstance(dependency, Part):
                yield name, dependency.kind


def require_parts(offered: Mapping[str, object], controllers: Sequence[type[Controller]]) -> None:
    """Raises PartMissing."""
    for name, kind in kinds_taken(controllers):
        if not isinstance(offered.get(name), kind):
            raise PartMissing(name, kind)
