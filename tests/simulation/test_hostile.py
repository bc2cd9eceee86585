"""A provider lies in its answers, at look-ups and in notices: what it really did is in our books in the end, or an
operator was told. `make chaos` is the same at full size."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.hostile import HostileStack, hostile, hostile_stack

pytestmark = pytest.mark.system
SEEDS = range(1, 4)
PAYMENTS = 60
SETTLED_WITHIN_S = 60.0


@pytest.fixture(scope="module")
def system(session_folder: Path) -> Iterator[HostileStack]:
    with hostile_stack(session_folder / "hostile-home") as running:
        yield running


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_provider_that_lies(system: HostileStack, seed: int) -> None:
    print(f"to repeat: make chaos SEED={seed} PAYMENTS=0 HOSTILE={PAYMENTS}")
    judged = await hostile(system, seed, PAYMENTS, settled_within_s=SETTLED_WITHIN_S)
    assert judged.findings == []
    assert judged.verdict.payments >= PAYMENTS
    assert judged.verdict.lied_to > 0
