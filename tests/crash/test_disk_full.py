"""A disk that is full refuses payments and says so; what was answered is kept, and all goes on by itself with room."""

import asyncio
from pathlib import Path

import pytest

from tests.crash.system import crashable_stack
from tests.drill.disks import DISK_MIB, fill_and_recover
from tests.support.small_disk import may_mount, small_disk


@pytest.mark.system
def test_a_full_disk_under_the_home_refuses_and_loses_nothing(session_folder: Path) -> None:
    if not may_mount():
        pytest.skip("nothing may be mounted here: test_store_full shows the same of a database that has no room")
    with small_disk(session_folder / "small-disk", size_mib=DISK_MIB) as home, crashable_stack(home) as stack:
        figures = asyncio.run(fill_and_recover(stack, home, refused_min=3))
    assert figures["disk_full_lost"] == figures["disk_full_other_answers"] == 0
    assert figures["disk_full_refused"]
