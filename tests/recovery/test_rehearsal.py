"""A lost disk: nobody is charged twice, nothing is lost, and all that the provider did is explained."""

from pathlib import Path

import pytest

from tests.recovery.rehearsal import rehearse

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]


@pytest.mark.parametrize("to_share", [None, 0.5], ids=["to the last WAL", "a window is lost"])
def test_after_a_restore_every_request_can_be_sent_again(folder: Path, to_share: float | None) -> None:
    outcome = rehearse(folder, 1, orders=40, to_share=to_share)
    assert outcome.double_charges == 0
    assert outcome.lost == []
    assert outcome.explained
    if to_share is not None:
        assert outcome.lost_events > 20
