"""Disputes as merchants see them, and as operators see them, with the merchant."""

from msgspec import Struct
from msgspec.structs import asdict

from application.dispute.loaded import LoadedDispute
from domain.dispute.events import DisputeKind, DisputeReason, EvidenceKind
from domain.dispute.state import Booked, DisputeCase, DisputeStatus, NeedsResponse, PartlyWon, status_of
from domain.identifiers import DisputeCaseId
from domain.payment.method import CardBrand
from domain.terms.disputes import EvidenceLimits
from domain.terms.settlement import BeyondBudget
from interfaces import ids
from interfaces.resources.payment import Instant
from projections.dispute.disputes import DisputeRow


class EvidenceResource(Struct, frozen=True, kw_only=True):
    """`sha256` is the hex digest of the file, whose size is `bytes`."""

    name: str
    kind: EvidenceKind
    media_type: str
    bytes: int
    sha256: str


class BookedResource(Struct, frozen=True, kw_only=True):
    """What carries the claim, in minor units of the payment's `currency`: `frozen` of what is left of the payment, and
    the `excess` beyond it, which is owed (`owed`) or borne by the platform (`platform:losses`)."""

    frozen: int
    excess: int
    currency: str
    borne_by: BeyondBudget | None


class DisputeResource(Struct, frozen=True, kw_only=True):
    """`amount` is what the bank disputes, in minor units of its `currency`. `booked` says what carries it; null where
    simply all of it was frozen of the payment, and of an inquiry. `lost` is what stays the customer's of a dispute that
    is `partially_won`. `failure` is why the provider did not take the last answer. `evidence_limits` are those of this
    dispute, for good."""

    dispute_id: str
    payment_id: str
    provider: str
    provider_dispute_id: str
    kind: DisputeKind
    status: DisputeStatus
    amount: int
    currency: str
    booked: BookedResource | None
    lost: int | None
    network: CardBrand | None
    reason: DisputeReason
    provider_reason: str
    respond_by: Instant
    evidence: list[EvidenceResource]
    evidence_limits: EvidenceLimits
    failure: str | None
    opened_at: Instant
    version: int


class OperatorDisputeResource(DisputeResource, frozen=True, kw_only=True):
    """The same, and whose it is."""

    merchant_id: str


class DisputePage(Struct, frozen=True, kw_only=True):
    """Those opened last first; `next_cursor` is null on the last page."""

    disputes: list[DisputeResource]
    next_cursor: str | None


def dispute_resource(loaded: LoadedDispute) -> DisputeResource:
    dispute: DisputeCase = loaded.dispute
    case = dispute.case
    return DisputeResource(
        dispute_id=ids.text_of(ids.DISPUTE, loaded.id),
        payment_id=ids.text_of(ids.PAYMENT, case.payment_id),
        provider=case.provider,
        provider_dispute_id=case.dispute_id,
        kind=case.kind,
        status=status_of(dispute),
        amount=case.amount.minor,
        currency=case.amount.currency,
        booked=None if case.booked is None else _booked(case.booked),
        lost=dispute.lost.minor if isinstance(dispute, PartlyWon) else None,
        network=case.network,
        reason=case.reason,
        provider_reason=case.provider_reason,
        respond_by=case.respond_by,
        evidence=[
            EvidenceResource(
                name=each.name, kind=each.kind, media_type=each.media_type, bytes=each.bytes, sha256=each.sha256
            )
            for each in case.evidence
        ],
        evidence_limits=case.evidence_limits,
        failure=dispute.failure if isinstance(dispute, NeedsResponse) else None,
        opened_at=loaded.opened_at,
        version=loaded.version,
    )


def _booked(booked: Booked) -> BookedResource:
    return BookedResource(
        frozen=booked.frozen.minor,
        excess=0 if booked.excess is None else booked.excess.minor,
        currency=booked.frozen.currency,
        borne_by=booked.borne_by,
    )


def row_resource(row: DisputeRow) -> DisputeResource:
    return dispute_resource(_loaded(row))


def operator_dispute_resource(loaded: LoadedDispute) -> OperatorDisputeResource:
    return OperatorDisputeResource(**asdict(dispute_resource(loaded)), merchant_id=loaded.merchant_id)


def operator_dispute_row_resource(row: DisputeRow) -> OperatorDisputeResource:
    return operator_dispute_resource(_loaded(row))


def _loaded(row: DisputeRow) -> LoadedDispute:
    return LoadedDispute(
        id=DisputeCaseId(row.case_id),
        dispute=row.dispute,
        version=row.version,
        opened_at=row.opened_at,
        updated_at=row.updated_at,
    )
