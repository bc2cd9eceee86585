"""A small world of merchants, held in memory by the rules of the append: what breaks a limit is refused whole."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from application.terms.balance_floors import floors_for
from application.write.recording import record_all
from domain.event import Event
from domain.history import AnyEvent, Cause, Positioned
from domain.identifiers import MerchantId, PaymentId, PayoutId
from domain.ledger.accounts import AccountCode, account, is_lot, owed
from domain.ledger.balances import BalanceKey, limited_changes, post
from domain.ledger.entry import JournalEntryPosted
from domain.money.money import Money
from domain.payment.debit import PROVIDER_DEBIT_FUNDING, REFUND_FUNDING, Funding, next_funding_source
from domain.payment.events import PaymentEvent
from domain.payment.evolve import evolve as evolve_payment
from domain.payment.state import Payment
from domain.payout.evolve import evolve as evolve_payout
from domain.payout.state import Payout
from domain.release.events import FundsReleased
from domain.release.release import lot_behind, release
from domain.terms.pricing_context import PricingContext

_CAUSE = Cause(actor="key:test", request_id="req_test", trace_id="0" * 32)


class LimitBroken(Exception):
    """The append would have refused it."""

    def __init__(self, code: AccountCode) -> None:
        super().__init__(code)
        self.code = code


class World:
    """Everything that was appended, in order, and what follows from it."""

    def __init__(self, start: datetime) -> None:
        self.now = start
        self.store: list[Positioned] = []
        self.balances: dict[BalanceKey, int] = {}
        self.payments: dict[PaymentId, Payment] = {}
        self.payouts: dict[PayoutId, Payout] = {}
        self._versions: dict[UUID, int] = {}

    def append(
        self, stream_id: UUID, events: Sequence[AnyEvent], merchant_id: MerchantId, pricing: PricingContext
    ) -> None:
        """All of it or nothing, as `append_commands` does it. Raises LimitBroken."""
        version = self._versions.get(stream_id, 0)
        recorded = record_all(
            stream_id, version, events, merchant_id=merchant_id, cause=_CAUSE, now=self.now, updated_at=self.now
        )
        entries = [each.data for each in recorded if isinstance(each.data, JournalEntryPosted)]
        for change in limited_changes(entries, floors_for(events, pricing.terms.settlement)):
            if change.change_minor < 0 and self.balances.get(change.key, 0) + change.change_minor < change.floor_minor:
                raise LimitBroken(change.key.account)
        for entry in entries:
            post(self.balances, entry)
        for each in recorded:
            self.store.append(Positioned(len(self.store) + 1, each))
        self._versions[stream_id] = version + len(events)

    def pay(
        self, payment_id: PaymentId, events: Sequence[Event], merchant_id: MerchantId, pricing: PricingContext
    ) -> None:
        """Append to a payment. Raises LimitBroken."""
        self.append(payment_id, events, merchant_id, pricing)  # type: ignore[arg-type]
        payment = self.payments.get(payment_id)
        for event in events:
            payment = evolve_payment(payment, event)  # type: ignore[arg-type]
        assert payment is not None
        self.payments[payment_id] = payment

    def debit(
        self,
        payment_id: PaymentId,
        decide: Callable[[Funding], Sequence[Event]],
        merchant_id: MerchantId,
        pricing: PricingContext,
        *,
        beyond_limit: bool,
    ) -> bool:
        """Debit the merchant from wherever there is enough; `beyond_limit` where nobody asks whether there is. False
        where it is refused."""
        funding: Funding | None = PROVIDER_DEBIT_FUNDING if beyond_limit else REFUND_FUNDING
        while funding is not None:
            try:
                self.pay(payment_id, decide(funding), merchant_id, pricing)
                return True
            except LimitBroken as broken:
                funding = next_funding_source(funding, broken.code, merchant_id)
        return False

    def payout(
        self, payout_id: PayoutId, events: Sequence[Event], merchant_id: MerchantId, pricing: PricingContext
    ) -> None:
        """Append to a payout. Raises LimitBroken."""
        self.append(payout_id, events, merchant_id, pricing)  # type: ignore[arg-type]
        payout = self.payouts.get(payout_id)
        for event in events:
            payout = evolve_payout(payout, event)  # type: ignore[arg-type]
        assert payout is not None
        self.payouts[payout_id] = payout

    def pass_time(self, days: float) -> None:
        self.now += timedelta(days=days)

    def attempt(self, append: Callable[[], None]) -> bool:
        """Whether it was within the limits."""
        try:
            append()
        except LimitBroken:
            return False
        return True

    def release_due(self, pricing: PricingContext) -> Iterator[FundsReleased]:
        """As the worker releases: every lot that is due and holds something, whole."""
        for key, minor in list(self.balances.items()):
            lot = lot_behind(key.account, key.currency) if is_lot(key.account) else None
            if lot is None or minor == 0 or self.now < lot.due:
                continue
            debt = self.balances.get(BalanceKey(owed(lot.merchant_id), key.currency), 0)
            events = release(lot, Money(minor, key.currency), Money(debt, key.currency), self.now)
            self.append(lot.stream_id, events, lot.merchant_id, pricing)
            yield from events

    def payment_events(self, payment_id: PaymentId) -> list[PaymentEvent]:
        of_payment = (each.event for each in self.store if each.event.originator_id == payment_id)
        return [event.data for event in of_payment if isinstance(event.data, PaymentEvent)]

    def balance(self, code: AccountCode, currency: str) -> int:
        return self.balances.get(BalanceKey(code, currency), 0)

    def events(self) -> Iterable[Event]:
        return (positioned.event.data for positioned in self.store)

    def limits_broken(self, limit_minor: int) -> list[str]:
        """Accounts and lots below what they may fall to, where `available` may fall to minus `limit_minor`."""
        return [
            f"{key}: {minor}"
            for key, minor in self.balances.items()
            if (floor := account(key.account).floor_minor) is not None
            and minor < (-limit_minor if key.account.endswith(":available") else floor)
        ]
