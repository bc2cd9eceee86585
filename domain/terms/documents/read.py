"""The one door to documents of terms: a text of a kind in, what it agrees out."""

from typing import Final, assert_never

from domain.terms.documents.conversion import read_conversion
from domain.terms.documents.disputes import read_disputes
from domain.terms.documents.fees import fee_plan_as_added, read_fee_plan
from domain.terms.documents.payouts import read_payouts
from domain.terms.documents.settlement import read_settlement
from domain.terms.events import TermsKind
from domain.terms.terms import Terms

NO_NUMBER_YET: Final = 0


def read_terms(kind: TermsKind, text: str, number: int = NO_NUMBER_YET) -> Terms:
    """What `text` agrees, checked as for a new version. Raises TermsInvalid."""
    match kind:
        case TermsKind.FEES:
            return read_fee_plan(text, number)
        case TermsKind.SETTLEMENT:
            return read_settlement(text, number)
        case TermsKind.CONVERSION:
            return read_conversion(text, number)
        case TermsKind.PAYOUTS:
            return read_payouts(text, number)
        case TermsKind.DISPUTES:
            return read_disputes(text, number)
        case _:
            assert_never(kind)


def terms_as_added(kind: TermsKind, text: str, number: int) -> Terms:
    """What was agreed once, whatever there is to agree on since. Raises TermsInvalid when today's rules of writing do
    not know it any more."""
    return fee_plan_as_added(text, number) if kind is TermsKind.FEES else read_terms(kind, text, number)
