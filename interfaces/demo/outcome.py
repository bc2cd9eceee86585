"""The result of the demonstration: whether every promise holds, and the one JSON line for programs."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from interfaces.demo.book_checkers import Checked, accepted_by
from interfaces.demo.checks import Verdict
from interfaces.demo.incidents import Incident
from interfaces.demo.money import MoneyMoved
from interfaces.demo.report import Figures

DIFFERENCES_MAX = 20


class Outcome(Struct, frozen=True, kw_only=True):
    """`programs` are the results of outside programs on the books; none of them has to be installed."""

    figures: Figures
    verdict: Verdict
    incidents: Sequence[Incident]
    money: MoneyMoved
    programs: Sequence[Checked]

    @property
    def holds(self) -> bool:
        return (
            self.verdict.holds
            and not self.figures.duplicates_differing
            and all(incident.holds for incident in self.incidents)
            and self.money.holds
            and all(program.accepted for program in self.programs)
        )

    @property
    def faults(self) -> list[str]:
        """One sentence for each difference found."""
        return [
            *(str(difference) for difference in self.verdict.differences[:DIFFERENCES_MAX]),
            *self.money.bank_differences[:DIFFERENCES_MAX],
            *(f"{each.program} refused the books: {each.said}" for each in self.programs if not each.accepted),
            *(
                [f"{self.figures.duplicates_differing} repeats were answered differently"]
                if self.figures.duplicates_differing
                else []
            ),
        ]


def last_line(outcome: Outcome) -> str:
    """The result as one JSON object."""
    figures, verdict = outcome.figures, outcome.verdict
    return msgspec.json.encode(
        {
            "payments": figures.payments,
            "orders_refused": len(figures.refusals),
            "duplicates_sent": figures.duplicates_sent,
            "double_charges": verdict.double_charges,
            "unresolved": verdict.unresolved,
            "trial_balance": dict(sorted(verdict.replay.trial_balance.items())),
            "views_equal_replay": verdict.views_equal_replay,
            "provider_books_equal": verdict.provider_books_equal,
            "lag_events": verdict.lag_events,
            "incidents": {incident.name: incident.holds for incident in outcome.incidents},
            "money": outcome.money.promises,
            "books_checked_by": accepted_by(outcome.programs),
            "payments_per_s": round(figures.payments / figures.seconds, 1),
            "confirm_ms_p50": round(figures.percentile(50), 1),
            "confirm_ms_p95": round(figures.percentile(95), 1),
        }
    ).decode()
