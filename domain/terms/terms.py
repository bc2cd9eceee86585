"""The terms of a merchant at one moment, and the default terms where none are agreed."""

from datetime import time
from typing import Final

from msgspec import Struct

from domain.money.money import Rounding
from domain.payment.method import CardBrand
from domain.terms.amounts import OTHERS
from domain.terms.business_days import CalendarName
from domain.terms.conversion import ConversionRule
from domain.terms.disputes import DisputeRule, EvidenceLimits
from domain.terms.fee_plan import Blended, FeePlan
from domain.terms.payouts import Manual, PayoutRule
from domain.terms.settlement import SettlementRule

DEFAULT_VERSION: Final = "default:0"

Terms = FeePlan | SettlementRule | ConversionRule | PayoutRule | DisputeRule
"""The terms of one kind; the `version` is `name:number`."""


def name_of(terms: Terms) -> str:
    return terms.version.rpartition(":")[0]


class MerchantTerms(Struct, frozen=True, kw_only=True):
    """The terms of each kind. Each has a version of its own (`standard:3`), which decisions that follow it name."""

    fees: FeePlan
    settlement: SettlementRule
    conversion: ConversionRule
    payouts: PayoutRule
    disputes: DisputeRule


DEFAULT_TERMS: Final = MerchantTerms(
    fees=FeePlan(
        version=DEFAULT_VERSION,
        default=Blended(basis_points=290, fixed_minor={OTHERS: 30}),
        dispute={OTHERS: 0},
        rounding=Rounding.HALF_EVEN,
    ),
    settlement=SettlementRule(
        version=DEFAULT_VERSION,
        business_days=2,
        calendar=CalendarName.TARGET,
        cutoff=time(17),
        zone="Europe/Berlin",
        negative_limit_minor={OTHERS: 100_000},
    ),
    conversion=ConversionRule(version=DEFAULT_VERSION),
    payouts=PayoutRule(
        version=DEFAULT_VERSION,
        schedule=Manual(),
        minimum_minor={OTHERS: 1},
        cutoff=time(14),
        zone="Europe/Berlin",
        calendar=CalendarName.TARGET,
    ),
    disputes=DisputeRule(
        version=DEFAULT_VERSION,
        answer_days={CardBrand.VISA: 30, CardBrand.MASTERCARD: 45, CardBrand.AMEX: 20, CardBrand.DISCOVER: 30},
        other_answer_days=20,
        evidence=EvidenceLimits(
            file_bytes_max=5 * 1024 * 1024,
            files_max=10,
            types=("application/pdf", "image/png", "image/jpeg", "text/plain"),
        ),
    ),
)
