"""Rounds: the compared parts take turns, several times, so that a slow moment of the machine falls on all of them."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple


class Spread(NamedTuple):
    """Of one part's rounds."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.median:,.0f}  ({self.least:,.0f} to {self.most:,.0f})"


def spread(values: Sequence[float]) -> Spread:
    return Spread(statistics.median(values), min(values), max(values))


def take_turns(parts: Mapping[str, Callable[[], float]], *, rounds: int) -> dict[str, list[float]]:
    """What each part measured in each round. Every other round goes through the parts backwards."""
    measured: dict[str, list[float]] = {name: [] for name in parts}
    for number in range(rounds):
        turns = list(parts.items())
        for name, part in turns if number % 2 == 0 else reversed(turns):
            measured[name].append(part())
    return measured


def ratio(measured: Sequence[float], beside: Sequence[float]) -> float:
    """How many times faster: the median of the rounds' own ratios, since a round's two parts ran side by side."""
    return round(statistics.median(one / other for one, other in zip(measured, beside, strict=True)), 3)


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile. Raises ValueError when there are no values."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, round(percent / 100 * len(ordered) + 0.5) - 1))]
