"""A restored store is reopened once every provider was asked for the events of the time that the store has lost."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from application.payment.orphans import Orphan, OrphanRegister, OrphanState
from application.payout.bank_port import Bank, TakenPayment
from application.payout.queue import PayoutsTaken
from application.provider.listing import Listed, ListedOperation, Listing, Unreadable
from application.restore.explanation import Adopted, Explanations, Known, ToAdopt, Unexplained, Verdict, Waiting
from application.write.gate import StoreClosed
from application.write.recording import record_all
from application.write.store import Append, Appended, EventStore, KeyUsed, LimitBroken, VersionConflict
from domain.history import Cause, Positioned, of_kind
from domain.identifiers import PLATFORM, PaymentId, ProviderName
from domain.payment.events import OperationKind
from domain.payout.batch import payout_id_in
from domain.payout.events import PayoutBatched, PayoutEvent
from domain.store.events import StoreReopened

EVENTS_AT_ONCE: Final = 1_000
WITHOUT_EVENTS: Final = timedelta(days=30)
"""How far back providers are asked where the store has no events."""
MARGIN: Final = timedelta(hours=1)
"""The margin before the store's last event: clocks differ, and providers list late."""
_FIRST: Final = {OperationKind.AUTHORIZE: 0, OperationKind.CAPTURE: 1, OperationKind.VOID: 2, OperationKind.REFUND: 3}


class PositionedStore(EventStore, Protocol):
    """The event store with readings by position."""

    async def head(self) -> int: ...

    async def after(self, position: int, *, events_max: int, up_to: int) -> Sequence[Positioned]: ...


class Entry(Struct, frozen=True, kw_only=True):
    """One entry of a provider's list, by its `name` in the list."""

    provider: ProviderName
    name: str
    fact: Listed


class ListedEntries(Struct, kw_only=True):
    """The entries that all providers list between two instants, with the verdict on each entry so far."""

    since: datetime
    until: datetime
    entries: list[Entry]
    verdicts: dict[tuple[ProviderName, str], Verdict]

    def count(self, kind: type[Verdict], provider: ProviderName | None = None) -> int:
        return sum(
            isinstance(verdict, kind) for (name, _), verdict in self.verdicts.items() if provider in (None, name)
        )

    def entries_with(self, kind: type[Verdict]) -> Sequence[tuple[Entry, Verdict]]:
        found = ((entry, self.verdicts[entry.provider, entry.name]) for entry in self.entries)
        return [(entry, verdict) for entry, verdict in found if isinstance(verdict, kind)]


Progress = Callable[[str, int], None]
"""Receives the name of a step, and how often the step was done."""


class Reopening:
    """Reopening may be repeated at any time, also after it was killed: entries adopted before are known then.

    Each method raises StoreUnavailable.
    """

    def __init__(
        self,
        *,
        explanations: Explanations,
        store: PositionedStore,
        orphans: OrphanRegister,
        listings: Mapping[ProviderName, Listing],
        bank: Bank,
        taken: PayoutsTaken,
        now: Callable[[], datetime],
    ) -> None:
        self._explanations = explanations
        self._store = store
        self._orphans = orphans
        self._listings = listings
        self._bank = bank
        self._taken = taken
        self._now = now

    async def lost_since(self, closed_at: datetime) -> datetime:
        """The instant from which on the store may lack events: a margin before its last event that is older than its
        closing. Events that an earlier reopening adopted are younger."""
        last = await self._store.head()
        while last > 0:
            first = max(0, last - EVENTS_AT_ONCE)
            for positioned in reversed(await self._store.after(first, events_max=EVENTS_AT_ONCE, up_to=last)):
                if positioned.event.recorded_at < closed_at:
                    return positioned.event.recorded_at - MARGIN
            last = first
        return closed_at - WITHOUT_EVENTS

    async def ask(self, since: datetime, until: datetime, progress: Progress) -> ListedEntries:
        """The entries that every provider lists, each judged against the books. Raises ListingFailed."""
        listed = ListedEntries(since=since, until=until, entries=[], verdicts={})
        for provider, listing in self._listings.items():
            listed.entries += await _listed(provider, listing.listed(since, until), since, until, progress)
        listed.entries = _with_payments(listed.entries)
        for count, entry in enumerate(listed.entries, start=1):
            if (entry.provider, entry.name) not in listed.verdicts:
                listed.verdicts[entry.provider, entry.name] = await self._explanations.judge(entry.provider, entry.fact)
            progress("judged", count)
        return listed

    async def adopt(self, listed: ListedEntries, cause: Cause, progress: Progress) -> None:
        """Bring the entries of payments that are in the store into the books, and keep the others as orphans.

        The orphans are kept first: from then on no payment that has a charge already is sent to another provider.
        """
        await self._keep(listed)
        adopted = Counter[str]()
        while True:
            before = adopted.total()
            for entry, _ in (*listed.entries_with(ToAdopt), *listed.entries_with(Waiting)):
                verdict = await self._explanations.adopt(entry.provider, entry.fact, cause)
                listed.verdicts[entry.provider, entry.name] = verdict
                if isinstance(verdict, Adopted | Known):
                    adopted[entry.provider] += 1
                    progress("adopted", adopted.total())
            # An adopted entry may be the one that another entry waits for.
            if adopted.total() == before:
                break
        await self._keep(listed)
        for entry, verdict in (*listed.entries_with(Adopted), *listed.entries_with(Known)):
            how = verdict.what if isinstance(verdict, Adopted) else "it is on record"
            await self._orphans.explained(entry.provider, [entry.name], how)

    async def ask_bank(self, progress: Progress) -> Sequence[TakenPayment]:
        """The payments that the bank has, and whose payouts are in no file by the books. Raises BankSilent."""
        unknown: list[TakenPayment] = []
        count = 0
        async for payment in self._bank.taken():
            count += 1
            progress(f"listed by the bank {self._bank.name}", count)
            payout_id = payout_id_in(payment.end_to_end_id)
            if payout_id is None:
                continue
            history = of_kind(await self._store.history(payout_id), PayoutEvent)
            if not any(isinstance(positioned.event.data, PayoutBatched) for positioned in history):
                unknown.append(payment)
        return unknown

    async def keep_taken(self, payments: Sequence[TakenPayment]) -> None:
        """Keep `payments` out of all further files of ours."""
        await self._taken.keep(self._bank.name, payments)

    async def record_reopening(
        self, listed: ListedEntries, closed: StoreClosed, store_id: UUID, because: str | None, cause: Cause
    ) -> None:
        """Record that the store is reopened, with the number of entries by verdict; `because` is the reason for which
        unexplained entries are accepted."""
        reopened = StoreReopened(
            closed_because=closed.because,
            since=listed.since,
            until=listed.until,
            asked=tuple(self._listings),
            known=listed.count(Known),
            adopted=listed.count(Adopted),
            waiting=listed.count(Waiting),
            unexplained=listed.count(Unexplained),
            accepted_because=because,
        )
        history = await self._store.history(store_id)
        events = record_all(
            store_id,
            len(history),
            (reopened,),
            merchant_id=PLATFORM,
            cause=cause,
            now=self._now(),
            updated_at=history[-1].event.recorded_at if history else None,
        )
        result = await self._store.append(Append(events=events))
        match result:
            case Appended():
                return
            case VersionConflict():
                raise AssertionError("one command reopens a store at a time")
            case LimitBroken() | KeyUsed():
                raise AssertionError(f"a reopening moves no money and claims no key: {type(result).__name__}")
            case _:
                assert_never(result)

    async def _keep(self, listed: ListedEntries) -> None:
        """Keep the entries that wait or are unexplained so far as orphans."""
        found_at = self._now()
        waiting = [(entry, OrphanState.WAITING, verdict) for entry, verdict in listed.entries_with(Waiting)]
        unexplained = [(entry, OrphanState.UNEXPLAINED, verdict) for entry, verdict in listed.entries_with(Unexplained)]
        await self._orphans.put(
            [
                Orphan(
                    provider=entry.provider,
                    name=entry.name,
                    fact=entry.fact,
                    state=state,
                    reason=verdict.why if isinstance(verdict, Waiting | Unexplained) else "",
                    found_at=found_at,
                )
                for entry, state, verdict in (*waiting, *unexplained)
            ]
        )


async def _listed(
    provider: ProviderName,
    listing: AsyncIterator[Listed],
    since: datetime,
    until: datetime,
    progress: Progress,
) -> list[Entry]:
    """The entries in the order in which they happened, each once. Two entries that differ under one name are both
    unreadable. Raises ListingFailed."""
    facts: dict[str, Listed] = {}
    count = 0
    async for fact in listing:
        count += 1
        progress(f"listed by {provider}", count)
        name = fact.name if isinstance(fact, Unreadable) else fact.notification.event_id
        if not isinstance(fact, Unreadable) and not since <= fact.at < until:
            fact = Unreadable(
                name=name, reason=f"it is said to have happened at {fact.at.isoformat()}, out of the time"
            )
        before = facts.setdefault(name, fact)
        if before != fact:
            facts[name] = Unreadable(name=name, reason="the list has it twice, with different contents")
    entries = [Entry(provider=provider, name=name, fact=fact) for name, fact in facts.items()]
    return sorted(entries, key=lambda entry: _order(entry.fact, until))


def _with_payments(entries: Sequence[Entry]) -> list[Entry]:
    """The entries, each with the payment that its charge's own entry names where the entry names none."""
    charges: dict[tuple[ProviderName, str], PaymentId] = {}
    for entry in entries:
        fact = entry.fact
        if not isinstance(fact, Unreadable) and fact.payment_id is not None and fact.notification.reference is not None:
            charges.setdefault((entry.provider, fact.notification.reference), fact.payment_id)

    def filled(entry: Entry) -> Entry:
        fact = entry.fact
        if isinstance(fact, Unreadable) or fact.payment_id is not None or fact.notification.reference is None:
            return entry
        payment_id = charges.get((entry.provider, fact.notification.reference))
        return entry if payment_id is None else replace(entry, fact=replace(fact, payment_id=payment_id))

    return [filled(entry) for entry in entries]


def _order(fact: Listed, last: datetime) -> tuple[datetime, int]:
    """The key that sorts charges before the operations on them, then disputes, then unreadable entries."""
    match fact:
        case Unreadable():
            return last, len(_FIRST) + 1
        case ListedOperation(notification=said, at=at):
            return at, _FIRST[said.about]
        case _:
            return fact.at, len(_FIRST)
