"""Stores full of payments: whole histories of several payments, woven into one order as concurrent work would."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid5

from hypothesis import strategies as st
from msgspec.structs import replace

from application.write.recording import record_all
from domain.history import Positioned, Recorded
from domain.identifiers import MerchantId, PaymentId
from domain.payment.events import OperationKind, PaymentEvent
from domain.payment.state import DisputeResult
from tests.support.domain import (
    ACTION_REQUIRED,
    APPROVED,
    HUNDRED,
    NO_FEES,
    NOW,
    UNKNOWN,
    History,
    adopts,
    agreed,
    attempt_answered,
    authorized,
    canceled,
    cancels,
    captured,
    capturing,
    created,
    dispute_closed,
    disputes,
    eur,
    expired,
    failed,
    in_review,
    jpy,
    partially_captured,
    processing,
    refund_answered,
    refunded,
    refunding,
    refunds,
    requires_action,
    reverses,
    then_,
    usd,
    voided,
    voiding,
)
from tests.support.store import CAUSE

FREE = agreed(fees=NO_FEES)
"""So that what was captured is there to be given back as a whole."""
HISTORIES: dict[str, History] = {
    "created": created(jpy("500")),
    "in review": in_review(),
    "processing": processing(usd("12.34")),
    "unknown": then_(processing(), attempt_answered(UNKNOWN)),
    "requires action": then_(processing(), attempt_answered(ACTION_REQUIRED)),
    "requires action in yen": requires_action(jpy("100")),
    "authorized": authorized(),
    "capturing": capturing(),
    "partially captured": partially_captured(),
    "captured": captured(usd("99.99")),
    "voiding": voiding(),
    "voided": voided(),
    "expired": expired(),
    "failed": failed(),
    "canceled": canceled(),
    "canceled by the merchant while the customer could act": then_(requires_action(), cancels("changed my mind")),
    "refunding": refunding(),
    "refunded": refunded(),
    "wholly refunded": then_(then_(captured(pricing=FREE), refunds()), refund_answered(APPROVED)),
    "refund reversed": then_(refunded(), reverses()),
    "refunded at the provider": then_(refunded(), adopts(OperationKind.REFUND, HUNDRED)),
    "refund that failed at the provider": then_(captured(), adopts(OperationKind.REFUND, HUNDRED, failed="closed")),
    "captured at the provider": then_(expired(), adopts(OperationKind.CAPTURE, HUNDRED)),
    "voided at the provider": then_(partially_captured(), adopts(OperationKind.VOID, None)),
    "disputed": then_(captured(pricing=FREE), disputes(HUNDRED)),
    "dispute won": dispute_closed(DisputeResult.WON, eur("40.00")),
    "dispute lost": dispute_closed(DisputeResult.LOST, eur("40.00")),
}
MERCHANTS = (MerchantId("mer_acme"), MerchantId("mer_globex"))


def recorded_history(
    payment_id: UUID, history: History, merchant_id: MerchantId = MERCHANTS[0], *, started_s: int = 0
) -> list[Recorded]:
    """`history` as the store has it for a payment of its own, with its entries; a second passes before each event."""
    recorded: list[Recorded] = []
    for version, event in enumerate(history):
        now = NOW + timedelta(seconds=started_s + version)
        recorded += record_all(
            PaymentId(payment_id),
            version,
            (_of(payment_id, merchant_id, event),),
            merchant_id=merchant_id,
            cause=CAUSE,
            now=now,
            updated_at=now,
        )
    return recorded


def positioned(events: Sequence[Recorded]) -> list[Positioned]:
    """`events` as they stand in a store that was empty before."""
    return [Positioned(position, event) for position, event in enumerate(events, start=1)]


@st.composite
def stores(draw: st.DrawFn, payments_max: int = 6) -> list[Positioned]:
    """Everything in a store with a few payments that came this far and that, in one order."""
    names = draw(st.lists(st.sampled_from(sorted(HISTORIES)), min_size=1, max_size=payments_max))
    streams = [
        recorded_history(UUID(int=number), HISTORIES[name], draw(st.sampled_from(MERCHANTS)))
        for number, name in enumerate(names, start=1)
    ]
    woven = []
    while left := [stream for stream in streams if stream]:
        woven.append(left[draw(st.integers(0, len(left) - 1))].pop(0))
    return positioned(woven)


@st.composite
def batched(draw: st.DrawFn, events: Sequence[Positioned]) -> list[Sequence[Positioned]]:
    """`events` cut into batches anywhere, one behind the other."""
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(events) - 1)), max_size=6)))
    return [events[start:end] for start, end in zip([0, *cuts], [*cuts, len(events)], strict=True)]


def _of(payment_id: UUID, merchant_id: MerchantId, event: PaymentEvent) -> PaymentEvent:
    """The same event of another payment, whose operations have names of their own."""
    own: dict[str, object] = {"merchant_id": merchant_id, "dispute_id": f"dp_{payment_id.int}"}
    for field in event.__struct_fields__:
        value = getattr(event, field)
        if isinstance(value, UUID):
            own[field] = uuid5(payment_id, str(value))
    return replace(event, **{field: value for field, value in own.items() if field in event.__struct_fields__})
