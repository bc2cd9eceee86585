"""The library behind conditions is imported at the first condition: the import takes a third of a second."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import cel


def compiled(when: str) -> "cel.Program":
    """Raises ValueError for a text that is no expression."""
    import cel

    return cel.compile(when)


def context(facts: Mapping[str, Any]) -> "cel.Context":
    """`facts` in the form that programs are executed on."""
    import cel

    return cel.Context(dict(facts))
