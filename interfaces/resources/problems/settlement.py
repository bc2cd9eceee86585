"""The problems of providers' settlements, and of the release of funds."""

from typing import Final

from application.settlement.commands import MovementAmbiguous, RowKindUnknown
from domain.payment.settlement_events import MovementKind
from domain.release.release import NotDueYet
from domain.settlement.events import ItemKind
from domain.settlement.file import SettlementFileInvalid
from domain.settlement.settle_movement import FeePlanMissing, MovementDiffers, MovementUnknown
from domain.settlement.settlement import ItemDiffers, SettlementDiffers
from interfaces.resources.problems.problem import problem

PROBLEMS: Final = (
    problem(
        SettlementFileInvalid,
        422,
        "settlement_file_invalid",
        "The settlement cannot be applied",
        lambda e: f"Line {e.line}: {e.reason}.",
    ),
    problem(
        SettlementDiffers,
        409,
        "settlement_differs",
        "Another settlement of that name is on record",
        lambda e: f"The settlement {e.settlement_id} is on record with another {e.what}: {e.ours}, not {e.theirs}.",
    ),
    problem(
        ItemDiffers,
        409,
        "settlement_row_differs",
        "The row was booked otherwise before",
        lambda e: f"The {e.kind} {e.reference} was booked with another {e.what}: {e.ours}, not {e.theirs}.",
    ),
    problem(
        RowKindUnknown,
        422,
        "settlement_row_unknown",
        "No rule is for that kind of row",
        lambda e: f"No rule is for a row of kind {e.kind}: one of {', '.join((*MovementKind, *ItemKind))} is expected.",
    ),
    problem(
        MovementUnknown,
        404,
        "movement_unknown",
        "Nothing of the kind has moved",
        lambda e: f"Our books have no {e.movement} {e.movement_id} that this provider could settle.",
    ),
    problem(
        MovementAmbiguous,
        409,
        "movement_ambiguous",
        "Several movements have that reference",
        lambda e: f"The reference {e.reference} is that of several of kind {e.movement}: name our operation's id.",
    ),
    problem(
        MovementDiffers,
        409,
        "movement_differs",
        "The provider says otherwise",
        lambda e: f"The {e.movement} {e.movement_id} differs in {e.what}: ours is {e.ours}, the provider's {e.theirs}.",
    ),
    problem(
        FeePlanMissing,
        409,
        "fee_plan_missing",
        "The fee plan cannot be read",
        lambda e: f"The fee was charged by {e.plan}, which cannot be read, so that it cannot be trued up.",
    ),
    problem(
        NotDueYet,
        409,
        "funds_not_due",
        "The funds are not available yet",
        lambda e: f"They become available at {e.due.isoformat()}.",
    ),
)
