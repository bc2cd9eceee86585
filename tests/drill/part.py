"""One rehearsal of the drill."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

Figures = Mapping[str, bool | int | float]
"""What a part counted, by the name in the drill's last line."""


class Part(NamedTuple):
    """`rehearse` works in an empty folder of its own, with random choices from a seed; `fault` says what in its figures
    breaks a promise, if anything does."""

    name: str
    rehearse: Callable[[Path, int], Figures]
    fault: Callable[[Figures], str | None]
