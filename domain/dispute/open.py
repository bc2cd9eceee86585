"""A dispute and the time to answer it begin with the provider's first notification."""

from datetime import datetime, timedelta

from msgspec import Struct

from domain.dispute.events import CaseOpened, DisputeCaseEvent, DisputeKind, DisputeReason
from domain.dispute.state import Case, DisputeCase
from domain.identifiers import DisputeId, MerchantId, PaymentId, ProviderName
from domain.money.money import Money
from domain.payment.dispute import DisputeDiffers
from domain.payment.method import CardBrand
from domain.terms.disputes import DisputeRule


class OpenCase(Struct, frozen=True, kw_only=True):
    """`due` is the provider's deadline for the answer, None where the provider names none."""

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
    """Open the dispute; no event when the same dispute is on record. Raises DisputeDiffers."""
    if dispute is not None:
        _require_all_the_same(dispute.case, command)
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
    """The deadline agreed for the network, or the provider's where that is earlier."""
    agreed = now + timedelta(days=rule.days_for(network))
    return agreed if due is None else min(agreed, due)


def require_same_payment(case: Case, payment_id: PaymentId) -> None:
    """Require that the dispute is one of this payment. Raises DisputeDiffers."""
    _require_same(case, "payment", str(case.payment_id), str(payment_id))


def require_same_amount(case: Case, amount: Money) -> None:
    """Require the disputed amount, or an earlier one: a late notification may name that. Raises DisputeDiffers."""
    if amount not in (case.amount, *case.amounts_before):
        _require_same(case, "amount", str(case.amount), str(amount))


def _require_all_the_same(case: Case, command: OpenCase) -> None:
    require_same_payment(case, command.payment_id)
    require_same_amount(case, command.amount)
    _require_same(case, "kind", case.kind, command.kind)
    _require_same(case, "reason", case.reason, command.reason)
    _require_same(case, "provider's reason", case.provider_reason, command.provider_reason)
    _require_same(case, "network", str(case.network), str(command.network))
    if command.due is not None and command.due < case.respond_by:
        _require_same(case, "last day to answer", case.respond_by.isoformat(), command.due.isoformat())


def _require_same(case: Case, what: str, ours: str, theirs: str) -> None:
    if ours != theirs:
        raise DisputeDiffers(dispute_id=case.dispute_id, what=what, ours=ours, theirs=theirs)
