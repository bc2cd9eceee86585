"""Every golden home is upgraded to this version, compared with a replay, verified, and paid with."""

from pathlib import Path

from tests.drill.part import Figures, Part
from tests.support.golden_homes import golden_homes, restore
from tests.support.upgraded import faults_of_upgrade


def _rehearse(folder: Path, _seed: int) -> Figures:
    upgraded, homes = 0, golden_homes()
    for golden in homes:
        home = folder / golden.name
        faults = faults_of_upgrade(home, restore(golden, home))
        upgraded += not faults
        for fault in faults:
            print(f"{golden.name}: {fault}", flush=True)
    return {"upgrades_ok": upgraded, "upgrades": len(homes)}


def _fault(figures: Figures) -> str | None:
    lost = figures["upgrades"] - figures["upgrades_ok"]
    return f"{lost} homes of earlier versions do not go on" if lost else None


UPGRADES = Part("upgrades", _rehearse, _fault)
