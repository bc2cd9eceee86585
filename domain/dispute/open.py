"""A dispute begins when the provider first tells of it; the time to answer begins then."""

from datetime import datetime, timedelta

from msgspec import Struct

from domain.dispute.events import CaseOpened, DisputeCaseEvent, DisputeKind, DisputeReason
from domain.dispute.state import DisputeCase
from domain.identifiers import DisputeId, MerchantId, PaymentId, ProviderName
from domain.money import Money
from domain.payment.method import CardBrand
from domain.terms.disputes import DisputeRule


class OpenCase(Struct, frozen=True, kw_only=True):
    """`due` is until when the provider wants the answer, where it says so."""

    merchant_id: MerchantId
    payment_id: PaymentId
    provider: ProviderName
    dispute_id: DisputeId
    kind: DisputeKind
    amount: Money
    network: CardBrand | None
    reason: DisputeReason
    provider_reason: str
    due: datetime | None


def open_case(
    dispute: DisputeCase | None, command: OpenCase, rule: DisputeRule, now: datetime
) -> tuple[DisputeCaseEvent, ...]:
    """Nothing when we have heard of that dispute before."""
    if dispute is not None:
        return ()
    return (
        CaseOpened(
            merchant_id=command.merchant_id,
            payment_id=command.payment_id,
            provider=command.provider,
            dispute_id=command.dispute_id,
            kind=command.kind,
            amount=command.amount,
            network=command.network,
            reason=command.reason,
            provider_reason=command.provider_reason,
            respond_by=deadline(rule, command.network, command.due, now),
            dispute_rule=rule.version,
            evidence_limits=rule.evidence,
        ),
    )


def deadline(rule: DisputeRule, network: CardBrand | None, due: datetime | None, now: datetime) -> datetime:
    """As agreed for the network, or earlier where the provider says so."""
    agreed = now + timedelta(days=rule.days_for(network))
    return agreed if due is None else min(agreed, due)
