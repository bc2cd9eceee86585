"""A restored store is reopened once every provider was asked for what happened in the time that it lost."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol
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
from application.write.store import Append, Appended, EventStore
from domain.history import Cause, Positioned, of_kind
from domain.identifiers import PLATFORM, PaymentId, ProviderName
from domain.payment.events import OperationKind
from domain.payout.batch import payout_id_in
from domain.payout.events import PayoutBatched, PayoutEvent
from domain.store.events import StoreReopened

EVENTS_AT_ONCE: Final = 1_000
WITHOUT_EVENTS: Final = timedelta(days=30)
"""How far back providers are asked where the store has no event at all."""
MARGIN: Final = timedelta(hours=1)
"""Before the store's last event: clocks differ, and providers list late."""
_FIRST: Final = {OperationKind.AUTHORIZE: 0, OperationKind.CAPTURE: 1, OperationKind.VOID: 2, OperationKind.REFUND: 3}


class PositionedStore(EventStore, Protocol):
    """The store with its reads by position."""

    async def head(self) -> int: ...

    async def after(self, position: int, *, events_max: int, up_to: int) -> Sequence[Positioned]: ...


class Entry(Struct, frozen=True, kw_only=True):
    """One entry of a provider's list, under its `name` there."""

    provider: ProviderName
    name: str
    fact: Listed


class Told(Struct, kw_only=True):
    """What all providers told, and what is known of each entry so far."""

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
"""Is told what is done, and how often it was."""


class Reopening:
    """May be done again at any time, and after it was killed at any: what was adopted is known then.

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
        """From when on the store may lack what happened: a margin before its last event that is older than its closing;
        what an earlier reopening adopted is younger."""
        last = await self._store.head()
        while last > 0:
            first = max(0, last - EVENTS_AT_ONCE)
            for positioned in reversed(await self._store.after(first, events_max=EVENTS_AT_ONCE, up_to=last)):
                if positioned.event.recorded_at < closed_at:
                    return positioned.event.recorded_at - MARGIN
            last = first
        return closed_at - WITHOUT_EVENTS

    async def ask(self, since: datetime, until: datetime, progress: Progress) -> Told:
        """What every provider lists, each entry judged against the books as they are. Raises ListingFailed."""
        told = Told(since=since, until=until, entries=[], verdicts={})
        for provider, listing in self._listings.items():
            told.entries += await _listed(provider, listing.listed(since, until), since, until, progress)
        told.entries = _with_payments(told.entries)
        for count, entry in enumerate(told.entries, start=1):
            if (entry.provider, entry.name) not in told.verdicts:
                told.verdicts[entry.provider, entry.name] = await self._explanations.judge(entry.provider, entry.fact)
            progress("judged", count)
        return told

    async def adopt(self, told: Told, cause: Cause, progress: Progress) -> None:
        """Bring into the books what belongs to payments that are there, and keep the rest as orphans.

        The orphans first: from then on nothing can send a payment elsewhere that has a charge already.
        """
        await self._keep(told)
        adopted = Counter[str]()
        while True:
            before = adopted.total()
            for entry, _ in (*told.entries_with(ToAdopt), *told.entries_with(Waiting)):
                verdict = await self._explanations.adopt(entry.provider, entry.fact, cause)
                told.verdicts[entry.provider, entry.name] = verdict
                if isinstance(verdict, Adopted | Known):
                    adopted[entry.provider] += 1
                    progress("adopted", adopted.total())
            # What one brings about may be what another one waits for.
            if adopted.total() == before:
                break
        await self._keep(told)
        for entry, verdict in (*told.entries_with(Adopted), *told.entries_with(Known)):
            how = verdict.what if isinstance(verdict, Adopted) else "it is on record"
            await self._orphans.explained(entry.provider, [entry.name], how)

    async def ask_bank(self, progress: Progress) -> Sequence[TakenPayment]:
        """The payments that the bank has, and whose payouts are not in a file by these books. Raises BankSilent."""
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
        """From now on no file of ours carries them."""
        await self._taken.keep(self._bank.name, payments)

    async def note(self, told: Told, closed: StoreClosed, store_id: UUID, because: str | None, cause: Cause) -> None:
        """Record that the store is reopened, and what was told; `because` is why the unexplained is accepted."""
        reopened = StoreReopened(
            closed_because=closed.because,
            since=told.since,
            until=told.until,
            asked=tuple(self._listings),
            known=told.count(Known),
            adopted=told.count(Adopted),
            waiting=told.count(Waiting),
            unexplained=told.count(Unexplained),
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
        assert isinstance(result, Appended), "one reopens a store at a time"

    async def _keep(self, told: Told) -> None:
        """Keep what waits, or is unexplained so far."""
        found_at = self._now()
        waiting = [(entry, OrphanState.WAITING, verdict) for entry, verdict in told.entries_with(Waiting)]
        unexplained = [(entry, OrphanState.UNEXPLAINED, verdict) for entry, verdict in told.entries_with(Unexplained)]
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
    """The entries in the order in which they happened, each once. Of two that differ under one name, neither is
    believed. Raises ListingFailed."""
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
    """With the payment of its charge, where an entry does not name it and the charge's own entry does."""
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
    """Charges before what is done to them, disputes behind, and what cannot be read at the end."""
    match fact:
        case Unreadable():
            return last, len(_FIRST) + 1
        case ListedOperation(notification=said, at=at):
            return at, _FIRST[said.about]
        case _:
            return fact.at, len(_FIRST)
