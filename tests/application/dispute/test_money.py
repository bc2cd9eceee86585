"""A dispute's append is answered by the store in every way, and only an append that took effect is taken for one."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from application.dispute.money import DisputeMoney
from application.payment.loaded import LoadedPayment
from application.write.append import CONFLICTS_MAX, BalanceLimitBroken, TooManyConflicts
from application.write.recording import record_all
from application.write.store import (
    Append,
    Appended,
    AppendResult,
    KeyUsed,
    LimitBroken,
    StoredClaim,
    Verb,
    VersionConflict,
)
from domain.dispute.events import DisputeCaseEvent, DisputeKind, DisputeReason
from domain.dispute.open import OpenCase, open_case
from domain.dispute.state import DisputeCase, case_id_for
from domain.history import Cause, Positioned
from domain.identifiers import DisputeId, OperationId
from domain.ledger.accounts import available, held, lot_of, pending
from domain.money.money import zero
from domain.payment.dispute_events import DisputeOpened
from domain.payment.proceeds import Drawn, from_owed
from domain.terms.pricing_context import PricingContext
from tests.support.domain import DUE, HUNDRED, MERCHANT, NOW, PAYMENT, captured
from tests.support.pricing import pricing_contexts
from tests.support.routing import SIMULATOR

CAUSE = Cause(actor="psp:simulator", request_id="req_1", trace_id="0" * 32)
DISPUTE = DisputeId("dp_1")
CASE = case_id_for(SIMULATOR, DISPUTE)
LOT_SHORT = LimitBroken(lot_of(pending(MERCHANT), DUE), "EUR")
AVAILABLE_SHORT = LimitBroken(available(MERCHANT), "EUR")
USED = KeyUsed(
    StoredClaim(
        operation_id=OperationId(UUID(int=1)),
        subject_id=PAYMENT,
        verb=Verb.REFUND,
        fingerprint=b"",
        answer=None,
        position=None,
    )
)


class ScriptedStore:
    """A captured payment whose dispute is not on record; appends are answered in the order of `results`."""

    def __init__(self, *results: AppendResult) -> None:
        self._results = list(results)
        self.appends: list[Append] = []

    async def histories(self, stream_ids: Sequence[UUID]) -> Sequence[Positioned]:
        assert stream_ids == [CASE, PAYMENT]
        recorded = record_all(PAYMENT, 0, captured(), merchant_id=MERCHANT, cause=CAUSE, now=NOW)
        return [
            Positioned(position, each)
            for position, each in enumerate(recorded, start=1)
            if each.originator_id == PAYMENT
        ]

    async def append(self, append: Append) -> AppendResult:
        self.appends.append(append)
        return self._results.pop(0) if len(self._results) > 1 else self._results[0]

    @property
    def drawn(self) -> Sequence[Drawn]:
        """From where each append takes the claim."""
        events = [each.data for append in self.appends for each in append.events]
        return [event.claim.debit.drawn for event in events if isinstance(event, DisputeOpened)]


def opened(
    dispute: DisputeCase | None, payment: LoadedPayment, pricing: PricingContext, now: object
) -> tuple[DisputeCaseEvent, ...]:
    command = OpenCase(
        merchant_id=MERCHANT,
        payment_id=payment.id,
        provider=SIMULATOR,
        dispute_id=DISPUTE,
        kind=DisputeKind.CHARGEBACK,
        amount=HUNDRED,
        network=None,
        reason=DisputeReason.FRAUDULENT,
        provider_reason="10.4",
        due=None,
    )
    return open_case(dispute, command, pricing.terms.disputes, NOW)


async def open_at(store: ScriptedStore) -> tuple[DisputeCaseEvent, ...]:
    money = DisputeMoney(store=store, pricing_contexts=pricing_contexts(), now=lambda: NOW)  # type: ignore[arg-type]
    decided = await money.decide(CASE, PAYMENT, opened, CAUSE, records_external_effect=True)
    return decided.events


async def test_a_used_key_is_a_fault_and_not_a_conflict() -> None:
    """A dispute claims no key, so such an answer must neither be passed over nor be tried again."""
    store = ScriptedStore(USED, Appended(9))
    with pytest.raises(AssertionError, match="KeyUsed"):
        await open_at(store)
    assert len(store.appends) == 1


async def test_a_conflict_is_decided_again_within_a_bound() -> None:
    store = ScriptedStore(VersionConflict(), Appended(9))
    assert await open_at(store)
    assert len(store.appends) == 2
    store = ScriptedStore(VersionConflict())
    with pytest.raises(TooManyConflicts):
        await open_at(store)
    assert len(store.appends) == CONFLICTS_MAX


async def test_what_the_merchant_does_not_have_is_owed() -> None:
    store = ScriptedStore(LOT_SHORT, LOT_SHORT, AVAILABLE_SHORT, Appended(9))
    assert await open_at(store)
    assert [each.available == zero("EUR") for each in store.drawn] == [True, False, False, True]
    assert [each.total for each in store.drawn] == [HUNDRED] * 4
    assert store.drawn[-1] == from_owed(HUNDRED)


async def test_no_other_account_that_is_short_is_passed_over() -> None:
    store = ScriptedStore(LimitBroken(held(MERCHANT), "EUR"), Appended(9))
    with pytest.raises(BalanceLimitBroken):
        await open_at(store)
    assert len(store.appends) == 1
