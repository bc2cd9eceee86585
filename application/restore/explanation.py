"""Entries of a provider's list are judged against the books, and adopted as the provider's webhooks would have been."""

from collections.abc import Sequence
from typing import assert_never

from msgspec import Struct

from application.dispute.apply_notification import DisputeNotices
from application.payment.apply_notification import Again, Dead, Done, Notices, Result, notice_of
from application.payment.correlation import Correlation
from application.payment.loaded import loaded_from, payment_events
from application.provider.listing import Listed, ListedDispute, ListedOperation, Unreadable
from application.write.store import EventStore
from domain.derivation import is_derived
from domain.history import Cause, Positioned, of_kind
from domain.identifiers import PaymentId, ProviderName
from domain.payment.events import OperationKind, PaymentEvent
from domain.payment.notice import read_notice
from domain.payment.outcome import ActionRequired, Approved, Declined, Rejected
from domain.payment.reading import AsksForLookup, ChangesNothing, NotYetApplicable, Settles


class Known(Struct, frozen=True):
    """The entry is on record, or moved no money."""

    why: str


class ToAdopt(Struct, frozen=True):
    """The entry belongs to a payment of this store, and is not on record."""

    why: str


class Adopted(Struct, frozen=True):
    what: str


class Waiting(Struct, frozen=True):
    """The entry will be on record with a merchant's retry, or with the outcome of an open operation."""

    why: str


class Unexplained(Struct, frozen=True):
    why: str


Verdict = Known | ToAdopt | Adopted | Waiting | Unexplained


class Explanations:
    """Each method raises StoreUnavailable."""

    def __init__(
        self, *, store: EventStore, correlation: Correlation, notices: Notices, disputes: DisputeNotices
    ) -> None:
        self._store = store
        self._correlation = correlation
        self._notices = notices
        self._disputes = disputes

    async def judge(self, provider: ProviderName, fact: Listed) -> Verdict:
        """The verdict on `fact`, without recording anything."""
        return await self._explain(provider, fact, None)

    async def adopt(self, provider: ProviderName, fact: Listed, cause: Cause) -> Verdict:
        """Bring `fact` into the books, without asking a provider for anything."""
        return await self._explain(provider, fact, cause)

    async def _explain(self, provider: ProviderName, fact: Listed, cause: Cause | None) -> Verdict:
        if isinstance(fact, Unreadable):
            return Unexplained(fact.reason)
        history = await self._history(provider, fact)
        if not history:
            return _of_no_payment(fact)
        payment_id = PaymentId(history[0].event.originator_id)
        loaded, events = loaded_from(payment_id, history), list(payment_events(history))
        match fact:
            case ListedDispute(notification=told):
                if cause is None:
                    return ToAdopt(f"the dispute {told.dispute_id} is {told.phase}")
                return _verdict(await self._disputes.apply(loaded, provider, told, cause))
            case ListedOperation(notification=said):
                notice = notice_of(provider, said)
                reading = read_notice(loaded.payment, events, notice)
                match reading:
                    case ChangesNothing(reason=reason):
                        return Known(reason)
                    case NotYetApplicable(reason=reason):
                        return Waiting(reason) if _moved_money(fact) else Known("it moved nothing")
                    case AsksForLookup():
                        return Waiting("an operation of the payment is open, of which the provider has to be asked")
                    case Settles(outcome=Declined() | Rejected()) if said.about is OperationKind.AUTHORIZE:
                        # The next provider would be asked: that is recovery's, once the store is open.
                        return Known("the attempt is open, and its provider will be asked")
                    case _ if cause is None:
                        return ToAdopt(f"{said.about} {said.own_reference or said.reference}")
                    case _:
                        return _verdict(await self._notices.act(loaded, notice, reading, cause))
            case _:
                assert_never(fact)

    async def _history(self, provider: ProviderName, fact: ListedOperation | ListedDispute) -> Sequence[Positioned]:
        """The history of the payment that the entry concerns: found by our payment id, else by the operation, else
        by the charge's reference."""
        said = fact.notification
        if fact.payment_id is not None:
            named = of_kind(await self._store.history(fact.payment_id), PaymentEvent)
            if named:
                return named
        found: PaymentId | None = None
        if said.operation_id is not None:
            found = (await self._correlation.payments_of_operations([said.operation_id])).get(said.operation_id)
        if found is None and said.reference is not None:
            found = await self._correlation.payment_of_reference(provider, said.reference)
        return () if found is None else of_kind(await self._store.history(found), PaymentEvent)


def _of_no_payment(fact: ListedOperation | ListedDispute) -> Verdict:
    if not _moved_money(fact):
        return Known("it moved nothing")
    is_charge = isinstance(fact, ListedOperation) and fact.notification.about is OperationKind.AUTHORIZE
    if fact.payment_id is None or (is_charge and fact.notification.operation_id is None):
        return Unexplained("it names no payment of ours")
    if not is_derived(fact.payment_id):
        return Unexplained(f"payment {fact.payment_id} is not here, and no retry can make it again")
    return Waiting("its payment was made in the time that the store has lost")


def _moved_money(fact: ListedOperation | ListedDispute) -> bool:
    """Whether money was reserved, moved or claimed, or may yet be."""
    return isinstance(fact, ListedDispute) or isinstance(fact.notification.outcome, Approved | ActionRequired)


def _verdict(result: Result) -> Verdict:
    match result:
        case Done(result=what):
            return Known(what) if what.startswith("nothing new") else Adopted(what)
        case Again(reason=why):
            return Waiting(why)
        case Dead(reason=why):
            return Unexplained(why)
        case _:
            assert_never(result)
