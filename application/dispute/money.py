"""A dispute and the money of its payment are decided together and appended at once, so that neither is seen without the
other."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, assert_never

from msgspec import Struct

from application.dispute.loaded import LoadedDispute, begin_dispute, dispute_from
from application.payment.funding import FundingSearch
from application.payment.loaded import LoadedPayment, loaded_from
from application.terms.balance_floors import floors_for
from application.terms.pricing_context import PricingContexts
from application.write.append import Proposal, Unchanged, decide_and_append, unreachable
from application.write.recording import record_all
from application.write.store import Append, EventStore
from domain.dispute.events import DisputeCaseEvent
from domain.dispute.evolve import evolve
from domain.dispute.money import booked, money_of
from domain.dispute.open import require_same_payment
from domain.dispute.state import DisputeCase
from domain.history import Cause, Positioned, Recorded
from domain.identifiers import DisputeCaseId, PaymentId
from domain.payment.debit import PROVIDER_DEBIT_FUNDING, Funding
from domain.payment.dispute import (
    AmendDispute,
    CloseDispute,
    DisputeCommand,
    OpenDispute,
    ReverseInPart,
    amend_dispute,
    close_dispute,
    open_dispute,
    reverse_in_part,
)
from domain.payment.dispute_events import DisputeOpened, DisputeRaised, DisputeReduced
from domain.payment.events import PaymentEvent
from domain.payment.state import Payment
from domain.terms.pricing_context import PricingContext

Decision = Callable[[DisputeCase | None, LoadedPayment, PricingContext, datetime], tuple[DisputeCaseEvent, ...]]


class Decided(Struct, frozen=True, kw_only=True):
    """The dispute after the decision. `events` is empty where the decision appended nothing."""

    loaded: LoadedDispute
    events: tuple[DisputeCaseEvent, ...]


class _Situation(NamedTuple):
    """A dispute, None before its first event, and its payment."""

    dispute: LoadedDispute | None
    payment: LoadedPayment


class DisputeMoney:
    """Decides on a dispute together with its payment."""

    def __init__(self, *, store: EventStore, pricing_contexts: PricingContexts, now: Callable[[], datetime]) -> None:
        self._store = store
        self._pricing_contexts = pricing_contexts
        self._now = now

    async def decide(
        self,
        case_id: DisputeCaseId,
        payment_id: PaymentId,
        decide: Decision,
        cause: Cause,
        *,
        records_external_effect: bool,
    ) -> Decided:
        """Append the events that `decide` returns for the dispute, with the money they move on the payment.

        Raises DisputeDiffers where the dispute is one of another payment, the refusals of both, PaymentNotFound,
        TooManyConflicts, BalanceLimitBroken, StoreUnavailable.
        """
        search = FundingSearch(PROVIDER_DEBIT_FUNDING)

        async def load() -> _Situation:
            of_case, of_payment = _by_stream(case_id, await self._store.histories([case_id, payment_id]))
            return _Situation(dispute_from(case_id, of_case), loaded_from(payment_id, of_payment))

        def propose(situation: _Situation) -> Proposal[Decided] | Unchanged[Decided]:
            loaded, payment = situation
            now, pricing = self._now(), self._pricing_contexts.of(payment.merchant_id)
            before = None if loaded is None else loaded.dispute
            if before is not None:
                require_same_payment(before.case, payment_id)
            events = decide(before, payment, pricing, now)
            if not events:
                assert loaded is not None, "a decision about no dispute begins one"
                return Unchanged(Decided(loaded=loaded, events=()))
            money_events = _payment_events(before, events, payment, pricing, now, search.funding)
            events += _claim_booked(before, events, money_events)
            append = Append(
                events=(
                    *_recorded(case_id, situation, events, cause, now),
                    *payment.record(money_events, cause=cause, now=now),
                ),
                floors=floors_for(money_events, pricing.terms.settlement),
                records_external_effect=records_external_effect,
            )
            return Proposal(
                append,
                lambda position: Decided(loaded=_after(case_id, loaded, events, now, position), events=events),
            )

        return await decide_and_append(
            self._store,
            load,
            propose,
            limit_broken=lambda situation, broken: search.try_next(situation.payment.merchant_id, broken),
            key_used=unreachable,
        )


def _by_stream(
    case_id: DisputeCaseId, histories: Sequence[Positioned]
) -> tuple[Sequence[Positioned], Sequence[Positioned]]:
    """The histories of the dispute's stream and of its payment's."""
    of_case = [each for each in histories if each.event.originator_id == case_id]
    return of_case, [each for each in histories if each.event.originator_id != case_id]


def _recorded(
    case_id: DisputeCaseId,
    situation: _Situation,
    events: Sequence[DisputeCaseEvent],
    cause: Cause,
    now: datetime,
) -> tuple[Recorded, ...]:
    if situation.dispute is not None:
        return situation.dispute.record(events, cause=cause, now=now)
    return record_all(case_id, 0, events, merchant_id=situation.payment.merchant_id, cause=cause, now=now)


def _payment_events(
    dispute: DisputeCase | None,
    events: tuple[DisputeCaseEvent, ...],
    payment: LoadedPayment,
    pricing: PricingContext,
    now: datetime,
    funding: Funding,
) -> tuple[PaymentEvent, ...]:
    """The events on the payment that go with `events` on the dispute."""
    money_events: tuple[PaymentEvent, ...] = ()
    for event in events:
        for command in money_of(dispute, event):
            money_events += _decided(payment.after(money_events, now=now).payment, command, pricing, now, funding)
        dispute = evolve(dispute, event)
    return money_events


def _decided(
    payment: Payment, command: DisputeCommand, pricing: PricingContext, now: datetime, funding: Funding
) -> tuple[PaymentEvent, ...]:
    match command:
        case OpenDispute():
            return open_dispute(payment, command, pricing, now, source=funding.source)
        case AmendDispute():
            return amend_dispute(
                payment, command, pricing, now, source=funding.source, debt_is_paid=funding.debt_is_paid
            )
        case CloseDispute():
            return close_dispute(payment, command, now, debt_is_paid=funding.debt_is_paid)
        case ReverseInPart():
            return reverse_in_part(payment, command, now, debt_is_paid=funding.debt_is_paid)
        case _:
            assert_never(command)


def _claim_booked(
    dispute: DisputeCase | None, events: tuple[DisputeCaseEvent, ...], money_events: tuple[PaymentEvent, ...]
) -> tuple[DisputeCaseEvent, ...]:
    """The event on the dispute that tells how the payment carries its claim, where that is new."""
    claims = [each.claim for each in money_events if isinstance(each, DisputeOpened | DisputeRaised | DisputeReduced)]
    for event in events:
        dispute = evolve(dispute, event)
    return () if not claims or dispute is None else booked(dispute.case, claims[-1])


def _after(
    case_id: DisputeCaseId,
    loaded: LoadedDispute | None,
    events: tuple[DisputeCaseEvent, ...],
    now: datetime,
    position: int | None,
) -> LoadedDispute:
    if loaded is None:
        return begin_dispute(case_id, events, position, now=now)
    return loaded.after(events, position, now=now)
