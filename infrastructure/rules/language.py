"""The library behind conditions, imported by whoever first meets one: it brings a terminal's whole toolkit with it,
which takes a third of a second of every process that starts."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import cel


def compiled(when: str) -> "cel.Program":
    """Raises ValueError for what is no expression."""
    import cel

    return cel.compile(when)


def context(facts: Mapping[str, Any]) -> "cel.Context":
    """`facts` as programs are executed on."""
    import cel

    return cel.Context(dict(facts))
