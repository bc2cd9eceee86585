"""Movements that were made at a provider without us are recorded as they happened, by the provider's notification or by
an operator, and once however often they are told."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from application.payment.correlation import Correlation
from application.payment.loaded import LoadedPayment, loaded_from, payment_events
from application.terms.balance_floors import floors_for
from application.terms.pricing_context import PricingContexts
from application.write.append import CONFLICTS_MAX, BalanceLimitBroken, TooManyConflicts
from application.write.store import Append, Appended, EventStore, KeyUsed, LimitBroken, VersionConflict
from domain.history import Cause
from domain.identifiers import PaymentId
from domain.ledger.accounts import AccountCode
from domain.payment.adopt import AdoptOperation, OperationDiffers, adopt
from domain.payment.debit import PROVIDER_DEBIT_FUNDING, Funding, next_funding_source
from domain.payment.events import PaymentEvent
from domain.payment.progress import operations_of
from domain.payment.reverse_refund import ReverseRefund, reverse_refund
from domain.payment.state import Payment
from domain.terms.pricing_context import PricingContext


class Adopted(Struct, frozen=True, kw_only=True):
    """The payment afterwards; `events` are none where all of it was on record."""

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
        funding = PROVIDER_DEBIT_FUNDING
        for _ in range(CONFLICTS_MAX):
            history = await self._store.history(payment_id)
            loaded = loaded_from(payment_id, history)
            pricing, now = self._pricing_contexts.of(loaded.merchant_id), self._now()
            events = decide(loaded.payment, tuple(payment_events(history)), pricing, now, funding)
            if not events:
                return Adopted(loaded=loaded, events=())
            append = Append(
                events=loaded.record(events, cause=cause, now=now),
                floors=floors_for(events, pricing.terms.settlement),
                records_external_effect=True,
            )
            result = await self._store.append(append)
            match result:
                case Appended():
                    return Adopted(loaded=loaded.after(events, now=now), events=events)
                case VersionConflict():
                    pass
                case LimitBroken(account=account, currency=currency):
                    following = next_funding_source(funding, AccountCode(account), loaded.merchant_id)
                    if following is None:
                        raise BalanceLimitBroken(account=account, currency=currency)
                    funding = following
                case KeyUsed():
                    raise AssertionError("an adoption claims no key")
                case _:
                    assert_never(result)
        raise TooManyConflicts()
