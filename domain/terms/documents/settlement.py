"""An operator's settlement rule is read strictly."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from domain.document.strict_document import Name
from domain.terms.business_days import CalendarName
from domain.terms.documents.document import BasisPoints, TermsDocument
from domain.terms.settlement import BeyondBudget, SettlementRule


class _Reserve(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    basis_points: BasisPoints
    days: Annotated[int, Meta(ge=1, le=730)]


class _Written(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Name
    business_days: Annotated[int, Meta(ge=0, le=60)]
    calendar: CalendarName
    cutoff: str
    zone: str
    reserve: _Reserve | None = None
    negative_limit_minor: dict[str, Any] = {}
    beyond_budget: BeyondBudget = BeyondBudget.OWED


def read_settlement(text: str, number: int) -> SettlementRule:
    """The rule of the document `text`, under that number. Raises TermsInvalid."""
    document = TermsDocument(text, called="settlement rule")
    written = document.read_as(_Written, document.members)
    return SettlementRule(
        version=f"{written.name}:{number}",
        business_days=written.business_days,
        calendar=written.calendar,
        cutoff=document.time_of_day(written.cutoff, "cutoff"),
        zone=document.zone(written.zone, "zone"),
        reserve_basis_points=0 if written.reserve is None else written.reserve.basis_points,
        reserve_days=0 if written.reserve is None else written.reserve.days,
        negative_limit_minor=document.amounts(written.negative_limit_minor, "negative_limit_minor"),
        beyond_budget=written.beyond_budget,
    )
