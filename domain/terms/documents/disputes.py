"""An operator's dispute rule is read strictly."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from domain.document.strict_document import Name
from domain.payment.method import CardBrand
from domain.terms.amounts import OTHERS
from domain.terms.disputes import DisputeRule, EvidenceLimits
from domain.terms.documents.document import TermsDocument

_Days = Annotated[int, Meta(ge=1, le=365)]


class _Evidence(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    file_bytes_max: Annotated[int, Meta(ge=1, le=100 * 1024 * 1024)]
    files_max: Annotated[int, Meta(ge=1, le=100)]
    types: list[Annotated[str, Meta(pattern=r"^[a-z]+/[a-z0-9][a-z0-9.+-]*\Z")]]


class _Written(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Name
    answer_days: dict[str, Any]
    evidence: _Evidence


def read_disputes(text: str, number: int) -> DisputeRule:
    """The rule of the document `text`, under that number. Raises TermsInvalid."""
    document = TermsDocument(text, called="dispute rule")
    written = document.read_as(_Written, document.members)
    document.require_unique(written.evidence.types, "evidence", "types", one="type", many="types")
    days = {name: document.read_as(_Days, value, "answer_days", name) for name, value in written.answer_days.items()}
    if OTHERS not in days:
        raise document.refused("there is no “*”, for the networks that are not named", "answer_days")
    for name in days:
        if name != OTHERS and name not in list(CardBrand):
            raise document.refused(f"“{name}” is no network, which are {', '.join(CardBrand)}", "answer_days", name)
    return DisputeRule(
        version=f"{written.name}:{number}",
        answer_days={CardBrand(name): value for name, value in days.items() if name != OTHERS},
        other_answer_days=days[OTHERS],
        evidence=EvidenceLimits(
            file_bytes_max=written.evidence.file_bytes_max,
            files_max=written.evidence.files_max,
            types=tuple(written.evidence.types),
        ),
    )
