"""`make drill`: one rehearsal after the other; the last line is their figures as JSON; a broken promise exits 1."""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.drill import forged
from tests.drill.disks import DISKS
from tests.drill.failover import FAILOVER
from tests.drill.hangs import HANGING
from tests.drill.part import Figures, Part
from tests.drill.restore import RESTORE
from tests.drill.upgrades import UPGRADES

PARTS: Sequence[Part] = (UPGRADES, FAILOVER, forged.PART, HANGING, DISKS, RESTORE)


def main() -> int:
    names = [part.name for part in PARTS]
    parser = argparse.ArgumentParser(prog="make drill", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"only these of {', '.join(names)}")
    parser.add_argument("--seed", type=int, default=1, help="repeats the random choices of a run")
    options = parser.parse_args()
    unknown = sorted(set(options.parts) - set(names))
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}")
    chosen = [part for part in PARTS if not options.parts or part.name in options.parts]
    figures: dict[str, bool | int | float] = {"seed": options.seed}
    faults = []
    begun = time.monotonic()
    for part in chosen:
        told = _rehearsed(part, options.seed)
        figures |= told
        fault = part.fault(told)
        if fault is not None:
            faults.append(f"{part.name}: {fault}")
    figures["seconds"] = round(time.monotonic() - begun)
    for line in faults:
        print(line)
    print(json.dumps(figures, separators=(",", ":")))
    return 1 if faults else 0


def _rehearsed(part: Part, seed: int) -> Figures:
    """The part's figures, in a folder that Postgres can reach and that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f"tallystick-drill-{part.name}-"))
    folder.chmod(0o711)
    begun = time.monotonic()
    try:
        figures = part.rehearse(folder, seed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{part.name}: {json.dumps(figures)} in {time.monotonic() - begun:.0f} s", flush=True)
    return figures


if __name__ == "__main__":
    sys.exit(main())
