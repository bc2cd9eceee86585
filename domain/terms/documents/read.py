"""A document of terms is read by the reader of its kind."""

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
    """The terms of the document `text`, checked as a new version. Raises TermsInvalid."""
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
    """The terms of a document that was accepted once, without today's checks of completeness. Raises TermsInvalid
    where today's rules of writing do not accept the document any more."""
    return fee_plan_as_added(text, number) if kind is TermsKind.FEES else read_terms(kind, text, number)
