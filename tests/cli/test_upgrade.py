"""`tallystick upgrade`: homes that earlier versions wrote go on under this one."""

from pathlib import Path

import pytest

from tests.support.golden_homes import golden_homes, restore
from tests.support.upgraded import faults_of_upgrade

NEWEST = "a7eb119"
GOLDEN = [
    pytest.param(golden, id=golden.name, marks=[] if golden.name == NEWEST else pytest.mark.system)
    for golden in golden_homes()
]


@pytest.mark.parametrize("golden", GOLDEN)
def test_a_home_of_an_earlier_version_goes_on(golden: Path, folder: Path) -> None:
    assert faults_of_upgrade(folder, restore(golden, folder)) == []
