"""A machine is lost under load with its disk, and restored from the archive: to the last WAL, and without a window."""

from pathlib import Path

from tests.drill.part import Figures, Part
from tests.recovery.rehearsal import rehearse

ORDERS = 150


def _rehearse(folder: Path, seed: int) -> Figures:
    outcomes = []
    for name, to_share in (("last", None), ("window", 0.4)):
        (folder / name).mkdir(mode=0o711)
        outcomes.append(rehearse(folder / name, seed, orders=ORDERS, to_share=to_share))
    for line in (line for outcome in outcomes for line in outcome.lost):
        print(line)
    return {
        "restore_double_charges": sum(outcome.double_charges for outcome in outcomes),
        "restore_lost": sum(len(outcome.lost) for outcome in outcomes),
        "restore_window_events": max(outcome.lost_events for outcome in outcomes),
        "reopened_explained": all(outcome.explained for outcome in outcomes),
    }


def _fault(figures: Figures) -> str | None:
    if figures["restore_double_charges"]:
        return f"{figures['restore_double_charges']} orders were charged twice"
    if figures["restore_lost"]:
        return f"{figures['restore_lost']} requests or payments were lost"
    if not figures["reopened_explained"]:
        return "not everything that the provider did is explained"
    return None


RESTORE = Part(name="restore", rehearse=_rehearse, fault=_fault)
