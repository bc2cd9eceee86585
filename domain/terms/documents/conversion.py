"""An operator's conversion rule is read strictly."""

from typing import Annotated

from msgspec import Meta, Struct

from domain.document.strict_document import Name
from domain.terms.amounts import OTHERS
from domain.terms.conversion import ConversionRule, RefundRate
from domain.terms.documents.document import BasisPoints, TermsDocument


class _Written(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Name
    settle_in: dict[str, str]
    mark_up_basis_points: BasisPoints
    refund_rate: RefundRate
    stale_after_hours: Annotated[int, Meta(ge=1, le=24 * 365)]
    sources: list[Name]


def read_conversion(text: str, number: int) -> ConversionRule:
    """The rule of the document `text`, under that number. Raises TermsInvalid."""
    document = TermsDocument(text, called="conversion rule")
    written = document.read_as(_Written, document.members)
    document.require_unique(written.sources, "sources", one="source", many="sources")
    for currency, target in written.settle_in.items():
        if currency != OTHERS:
            document.currency(currency, "settle_in", currency)
        document.currency(target, "settle_in", currency)
    rule = ConversionRule(
        version=f"{written.name}:{number}",
        settle_in=written.settle_in,
        mark_up_basis_points=written.mark_up_basis_points,
        refund_rate=written.refund_rate,
        stale_after_hours=written.stale_after_hours,
        sources=tuple(written.sources),
    )
    for currency, target in written.settle_in.items():
        if (further := rule.target_of(target)) is not None:
            raise document.refused(
                f"{target} is settled in {further}, so nothing else can be settled in {target}", "settle_in", currency
            )
    return rule
