"""The short form of the drill's failovers."""

from pathlib import Path

import pytest

from tests.drill.failover import RTO_S_MAX, rehearse

CUT_OFF = 5
SLOW_MACHINE = 4
"""Times: beside the rest of the suite."""


@pytest.mark.system
def test_a_primary_that_is_cut_off_is_replaced_with_nothing_lost_and_nobody_writing_beside(folder: Path) -> None:
    figures = rehearse(folder, CUT_OFF, failovers=1)
    assert (figures["failover_rpo_events"], figures["split_brain"]) == (0, 0)
    assert figures["failover_rto_s_max"] < SLOW_MACHINE * RTO_S_MAX
