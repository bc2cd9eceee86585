"""Payments over three providers that fail in every way, while processes are killed: nobody is charged twice, the books
agree, nothing stays unresolved, and every payment's events explain it.

Each seed is a run of its own on the one system; `make chaos` is the same at full size.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from interfaces.runtime.supervisor import Stack
from tests.simulation.chaos import chaos
from tests.simulation.run import chaos_stack

pytestmark = pytest.mark.system
SEEDS = range(1, 21)
PAYMENTS = 30
WITHIN_S = 45.0
SETTLED_WITHIN_S = 40.0


@pytest.fixture(scope="module")
def stack(session_folder: Path) -> Iterator[Stack]:
    with chaos_stack(session_folder / "chaos-home") as running:
        yield running


@pytest.mark.parametrize("seed", SEEDS)
async def test_chaos(stack: Stack, seed: int) -> None:
    print(f"to repeat: make chaos SEED={seed} PAYMENTS={PAYMENTS}")
    judged = await chaos(stack, seed, PAYMENTS, within_s=WITHIN_S, settled_within_s=SETTLED_WITHIN_S)
    assert judged.findings == []
    assert judged.verdict.payments == PAYMENTS
