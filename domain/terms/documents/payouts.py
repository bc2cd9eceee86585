"""An operator's payout rule is read strictly."""

from typing import Any

from msgspec import Struct

from domain.document.strict_document import Name
from domain.terms.business_days import CalendarName
from domain.terms.documents.document import TermsDocument
from domain.terms.payouts import Daily, Manual, PayoutRule, Schedule, Weekday, Weekly

_WEEKDAYS = {weekday.name.lower(): weekday for weekday in Weekday}


class _Written(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Name
    schedule: Any
    minimum_minor: dict[str, Any] = {}
    cutoff: str
    zone: str
    calendar: CalendarName
    hold_above_minor: dict[str, Any] = {}


def read_payouts(text: str, number: int) -> PayoutRule:
    """The rule of the document `text`, under that number. Raises TermsInvalid."""
    document = TermsDocument(text, called="payout rule")
    written = document.read_as(_Written, document.members)
    minimum_minor = document.amounts(written.minimum_minor, "minimum_minor")
    for currency, minor in minimum_minor.items():
        if minor == 0:
            raise document.refused("a payout has at least 1 minor unit", "minimum_minor", currency)
    return PayoutRule(
        version=f"{written.name}:{number}",
        schedule=_schedule(document, written.schedule),
        minimum_minor=minimum_minor,
        cutoff=document.time_of_day(written.cutoff, "cutoff"),
        zone=document.zone(written.zone, "zone"),
        calendar=written.calendar,
        hold_above_minor=document.amounts(written.hold_above_minor, "hold_above_minor"),
    )


def _schedule(document: TermsDocument, written: Any) -> Schedule:
    match written:
        case "manual":
            return Manual()
        case "daily":
            return Daily()
        case {"weekly": str(name), **others} if name in _WEEKDAYS and not others:
            return Weekly(_WEEKDAYS[name])
        case _:
            raise document.refused(
                f"a schedule is “manual”, “daily”, or “weekly” on one of {', '.join(_WEEKDAYS)}", "schedule"
            )
