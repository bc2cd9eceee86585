"""What a payment costs is counted, and is not above its budget: see budget.toml."""

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.architecture.budget import budgets, decisions, loose, over, shown, undeclared, unjustified
from tests.architecture.product import assert_none
from tests.support.counted.scenarios import Measured
from tests.support.counted.scenarios import measured as measure
from tests.support.counted.stack import CountedStack, counted_stack

BUDGETS = budgets()
SCENARIOS = tuple(BUDGETS)
pytestmark = pytest.mark.timeout(400)


class BudgetLoose(UserWarning):
    """A figure has become cheaper, or batches were larger than usual; the budget may be lowered."""


@pytest.fixture(scope="module")
def counted(session_folder: Path) -> Iterator[CountedStack]:
    with counted_stack(session_folder / "budget-home") as stack:
        yield stack


@pytest.fixture(scope="module")
async def measured(counted: CountedStack) -> Mapping[str, Measured]:
    found = await measure(counted)
    print("\n".join(shown(name, scenario) for name, scenario in found.items()))
    return found


def test_a_budget_above_its_target_names_the_decision_that_says_what_for() -> None:
    records = decisions()
    assert_none(text for name, budget in BUDGETS.items() for text in unjustified(name, budget, records))


def test_every_scenario_has_its_budget(measured: Mapping[str, Measured]) -> None:
    assert set(measured) == set(BUDGETS)


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_figure_is_above_its_budget(name: str, measured: Mapping[str, Measured]) -> None:
    assert_none(over(name, BUDGETS[name], measured[name]))


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_a_scenario_writes_to_is_declared(name: str, measured: Mapping[str, Measured]) -> None:
    assert_none(undeclared(name, BUDGETS[name], measured[name], by_itself=BUDGETS["idle"].tables))


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_figure_that_became_cheaper_has_its_budget_lowered(name: str, measured: Mapping[str, Measured]) -> None:
    if cheaper := "\n".join(loose(name, BUDGETS[name], measured[name], steady=False)):
        warnings.warn(cheaper, BudgetLoose, stacklevel=1)
    assert_none(loose(name, BUDGETS[name], measured[name], steady=True))
