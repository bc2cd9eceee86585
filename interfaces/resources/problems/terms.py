"""The problems of merchants' terms and their fee plans."""

from typing import Final

from domain.terms.documents.document import TermsInvalid
from domain.terms.documents.fees import FeePlanGap, FeeRulesOverlap
from domain.terms.fee_plan import FeeNotAgreed, OtherPlan
from domain.terms.versions import TermsNotFound
from interfaces.resources.problems.problem import problem

PROBLEMS: Final = (
    problem(
        TermsInvalid,
        422,
        "terms_invalid",
        "The terms cannot be agreed",
        lambda e: f"Line {e.line}: {e.reason}.",
    ),
    problem(
        FeeRulesOverlap,
        422,
        "fee_rules_overlap",
        "Two rules of the fee plan are for the same payment",
        lambda e: f"Line {e.line}: {e.reason}.",
    ),
    problem(
        FeePlanGap,
        422,
        "fee_plan_gap",
        "The fee plan leaves a payment without a price",
        lambda e: f"Line {e.line}: {e.reason}.",
    ),
    problem(
        TermsNotFound,
        404,
        "terms_not_found",
        "No such terms",
        lambda e: f"There are no {e.kind} terms {e.number}.",
    ),
    problem(
        FeeNotAgreed,
        500,
        "fee_not_agreed",
        "Nothing is agreed on the fee",
        lambda e: f"The fee plan {e.plan} says nothing of {e.method} in {e.currency} from {e.region}.",
    ),
    problem(
        OtherPlan,
        500,
        "other_fee_plan",
        "The fee was charged by another plan",
        lambda e: f"A fee charged by {e.charged_by} is not trued up by {e.plan}.",
    ),
)
