"""budget.toml and what it is held against: figures over their budget, tables nobody declared, budgets gone loose."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from tests.support.counted.counter import Parts
from tests.support.counted.scenarios import RATE, Measured

FILE: Final = Path(__file__).with_name("budget.toml")
DECISIONS: Final = Path(__file__).parents[2] / "docs" / "decisions"
STEADY: Final = ("inserted", "log_lines", "provider_calls")
"""Figures that are the same however many events a batch takes, and so however busy the machine is."""
STEADY_LOOSE_BELOW: Final = 0.85
LOOSE_BELOW: Final = 0.5
"""The share of a budget below which a figure leaves room to grow in silence; of one that batches make smaller."""
_STRAY: Final = 4
"""What a scenario may see of things that happen by themselves meanwhile, in all its units together: one that comes
every second may come once more."""
_KEPT_UP: Final = 0.85
_PARTS_SHOWN: Final = 12


class Limit(Struct, frozen=True, forbid_unknown_fields=True):
    """`target` is what was promised, or measured when the budgets began; above it only by a decision."""

    budget: float
    target: float
    decision: str | None = None


class Budget(Struct, frozen=True, forbid_unknown_fields=True):
    """For one unit of a scenario; `tables` are tuples inserted and updated, `view_rows` the rows of each view."""

    figures: Mapping[str, Limit]
    tables: Mapping[str, float] = {}
    view_rows: Mapping[str, float] = {}


def budgets() -> Mapping[str, Budget]:
    return msgspec.convert(tomllib.loads(FILE.read_text(encoding="utf-8")), dict[str, Budget])


def decisions() -> Mapping[str, str]:
    """The text of every decision record, by number."""
    return {path.name[:4]: path.read_text(encoding="utf-8") for path in DECISIONS.glob("0*.md")}


def over(name: str, budget: Budget, measured: Measured) -> Iterator[str]:
    """Each figure and part that is above its budget, with what it consists of."""
    stray = _STRAY / measured.units
    for figure, limit in budget.figures.items():
        total = measured.counts.total(figure)
        if total > limit.budget + stray:
            above = f"{name}: {figure} is {total:.2f} a {measured.unit}, above its budget of {limit.budget:g}"
            parts = _listed(measured.counts.parts(figure))
            yield f"{above} (target {limit.target:g}){_too_slow(measured)}; it consists of\n{parts}"
    for figure, allowed in _by_part(budget):
        for part, count in measured.counts.parts(figure).items():
            if part in allowed and count > allowed[part] + stray:
                above = f"above its budget of {allowed[part]:g}"
                yield f"{name}: {figure} of {part} is {count:.2f} a {measured.unit}, {above}"


def undeclared(name: str, budget: Budget, measured: Measured, *, by_itself: Mapping[str, float]) -> Iterator[str]:
    """Tables and views that something is written to, and that budget.toml does not name for the scenario.

    `by_itself` are the tables that an idle system writes to.
    """
    stray = _STRAY / measured.units
    for figure, allowed in _by_part(budget):
        key = "tables" if figure == "tuples" else figure
        for part, count in measured.counts.parts(figure).items():
            if part not in allowed and part not in by_itself and abs(count) > stray:
                yield (
                    f"{name}: {part} gets {count:.2f} a {measured.unit}, and [{name}.{key}] does not name it: a "
                    "capability that this scenario does not use costs it nothing; one that it uses is declared there"
                )


def loose(name: str, budget: Budget, measured: Measured, *, steady: bool) -> Iterator[str]:
    """Figures so far below their budget that it is to be lowered: the steady ones, or the others."""
    stray = _STRAY / measured.units
    found = {figure: (measured.counts.total(figure), limit.budget) for figure, limit in budget.figures.items()}
    chosen = {figure: both for figure, both in found.items() if (figure in STEADY) is steady}
    if steady:
        rows = measured.counts.parts("view_rows")
        # Less than one: a row that only some of the units begin.
        always = {view: allowed for view, allowed in budget.view_rows.items() if allowed >= 1}
        chosen |= {f"view_rows.{view}": (rows.get(view, 0), allowed) for view, allowed in always.items()}
    below = STEADY_LOOSE_BELOW if steady else LOOSE_BELOW
    for figure, (total, allowed) in chosen.items():
        if total < below * allowed - stray:
            yield f"{name}: {figure} is {total:.2f} a {measured.unit}, far below its budget of {allowed:g}: lower that"


def unjustified(name: str, budget: Budget, records: Mapping[str, str]) -> Iterator[str]:
    """Budgets above their target without a decision record that names the figure."""
    for figure, limit in budget.figures.items():
        if limit.budget <= limit.target:
            continue
        record = records.get(limit.decision or "")
        if record is None:
            yield f"{name}.{figure}: {limit.budget:g} is above {limit.target:g}, and no decision record says what for"
        elif f"`{name}.{figure}`" not in record:
            yield f"{name}.{figure}: decision {limit.decision} does not say what this figure was raised for"


def shown(name: str, measured: Measured) -> str:
    """Every figure of a scenario with its parts, for a reader."""
    figures = "\n".join(
        f"  {figure} {measured.counts.total(figure):.2f}\n{_listed(parts)}"
        for figure, parts in measured.counts.figures.items()
    )
    return f"{name}, a {measured.unit}{_too_slow(measured)}\n{figures}"


def _by_part(budget: Budget) -> Iterator[tuple[str, Mapping[str, float]]]:
    yield "tuples", budget.tables
    yield "view_rows", budget.view_rows


def _too_slow(measured: Measured) -> str:
    """Batches are larger, and figures smaller, where the machine did not keep up."""
    if measured.reached is None or measured.reached >= _KEPT_UP * RATE:
        return ""
    return f" (the machine was too slow: {measured.reached:.0f} a second of {RATE})"


def _listed(parts: Parts) -> str:
    largest = sorted(parts.items(), key=lambda part: -part[1])
    lines = [f"    {part:<44} {count:.2f}" for part, count in largest[:_PARTS_SHOWN]]
    rest = sum(count for _, count in largest[_PARTS_SHOWN:])
    return "\n".join([*lines, f"    {'all others':<44} {rest:.2f}"] if largest[_PARTS_SHOWN:] else lines)
