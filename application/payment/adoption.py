"""A movement that was made at a provider without us is recorded once, by the provider's notification or by an
operator."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from application.payment.correlation import Correlation
from application.payment.funding import FundingSearch
from application.payment.loaded import LoadedPayment, loaded_from, payment_events
from application.terms.balance_floors import floors_for
from application.terms.pricing_context import PricingContexts
from application.write.append import Proposal, Unchanged, decide_and_append, unreachable
from application.write.store import Append, EventStore, LimitBroken
from domain.history import Cause
from domain.identifiers import PaymentId
from domain.payment.adopt import AdoptOperation, OperationDiffers, adopt
from domain.payment.debit import PROVIDER_DEBIT_FUNDING, Funding
from domain.payment.events import PaymentEvent
from domain.payment.progress import operations_of
from domain.payment.reverse_refund import ReverseRefund, reverse_refund
from domain.payment.state import Payment
from domain.terms.pricing_context import PricingContext


class Adopted(Struct, frozen=True, kw_only=True):
    """The payment afterwards; `events` are none where all of it was on record."""

    loaded: LoadedPayment
    events: tuple[PaymentEvent, ...]


class _History(NamedTuple):
    """The payment, and the facts of its stream."""

    loaded: LoadedPayment
    events: tuple[PaymentEvent, ...]


Decision = Callable[[Payment, Sequence[PaymentEvent], PricingContext, datetime, Funding], tuple[PaymentEvent, ...]]


class Adoptions:
    """Each method raises PaymentNotFound, TooManyConflicts, BalanceLimitBroken and StoreUnavailable."""

    def __init__(
        self,
        *,
        store: EventStore,
        pricing_contexts: PricingContexts,
        correlation: Correlation,
        keeps_open: Callable[[Payment], bool],
        now: Callable[[], datetime],
    ) -> None:
        """`keeps_open` says whether the provider of a payment lets further captures follow one."""
        self._store = store
        self._pricing_contexts = pricing_contexts
        self._correlation = correlation
        self._keeps_open = keeps_open
        self._now = now

    async def adopt(self, payment_id: PaymentId, command: AdoptOperation, cause: Cause) -> Adopted:
        """Record a capture, void or refund that was made at the provider. Raises OperationDiffers, CurrencyMismatch,
        AmountOutOfRange, CardDataRefused, or the refusal of the payment."""
        await self._require_of_no_other(payment_id, command)

        def decide(
            payment: Payment, events: Sequence[PaymentEvent], pricing: PricingContext, now: datetime, funding: Funding
        ) -> tuple[PaymentEvent, ...]:
            closes = not self._keeps_open(payment) if command.closes is None else command.closes
            asked = replace(command, final=closes)
            return adopt(payment, operations_of(events), asked, pricing, now, source=funding.source)

        return await self._decide(payment_id, decide, cause)

    async def reverse(self, payment_id: PaymentId, command: ReverseRefund, cause: Cause) -> Adopted:
        """Record that a refund failed after it had succeeded. Raises RefundUnknown."""

        def decide(
            payment: Payment, _events: Sequence[PaymentEvent], _basis: PricingContext, now: datetime, funding: Funding
        ) -> tuple[PaymentEvent, ...]:
            return reverse_refund(payment, command, now, debt_is_paid=funding.debt_is_paid)

        return await self._decide(payment_id, decide, cause)

    async def _require_of_no_other(self, payment_id: PaymentId, command: AdoptOperation) -> None:
        """Raises OperationDiffers where the provider's name is that of something of another payment."""
        known = await self._correlation.payment_of_reference(command.provider, command.reference)
        if known not in (None, payment_id):
            raise OperationDiffers(
                operation=command.kind,
                reference=command.reference,
                what="payment",
                ours=str(known),
                theirs=str(payment_id),
            )

    async def _decide(self, payment_id: PaymentId, decide: Decision, cause: Cause) -> Adopted:
        search = FundingSearch(PROVIDER_DEBIT_FUNDING)

        async def read() -> _History:
            history = await self._store.history(payment_id)
            return _History(loaded_from(payment_id, history), tuple(payment_events(history)))

        def propose(history: _History) -> Proposal[Adopted] | Unchanged[Adopted]:
            loaded = history.loaded
            pricing, now = self._pricing_contexts.of(loaded.merchant_id), self._now()
            events = decide(loaded.payment, history.events, pricing, now, search.funding)
            if not events:
                return Unchanged(Adopted(loaded=loaded, events=()))
            append = Append(
                events=loaded.record(events, cause=cause, now=now),
                floors=floors_for(events, pricing.terms.settlement),
                records_external_effect=True,
            )
            return Proposal(append, lambda _: Adopted(loaded=loaded.after(events, now=now), events=events))

        async def take_from_next_source(history: _History, broken: LimitBroken) -> None:
            await search.try_next(history.loaded.merchant_id, broken)

        return await decide_and_append(
            self._store, read, propose, limit_broken=take_from_next_source, key_used=unreachable
        )
