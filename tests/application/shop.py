"""A merchant's side of the application layer, on the real store and a scripted provider."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
from msgspec.structs import replace

from application.payment.commands import Payments
from application.payment.loaded import loaded_from
from application.payment.lost_charges import LostCharges
from application.payment.operation import Operations
from application.payment.recovery import Recovery
from application.terms.policies import DEFAULT_POLICIES
from application.terms.pricing_context import CurrentPricingContexts
from application.work.backoff import Backoff
from application.write.caller import Answered, Caller
from application.write.store import Append, AppendResult, EventStore, StoreUnavailable, VersionConflict
from domain.history import Cause, Positioned
from domain.identifiers import CustomerId, PaymentId, ProviderName
from domain.ledger.balances import fold_balances
from domain.ledger.entry import JournalEntryPosted, entry_id_for, imbalance
from domain.payment.create import CreatePayment
from domain.payment.events import CaptureMethod
from domain.payment.method import MethodType, PaymentMethod
from domain.payment.state import Payment
from domain.terms.pricing_context import PricingContext
from infrastructure.postgres.event_store.store import PostgresEventStore
from interfaces import ids
from interfaces.resources.payment_answer import render_response
from tests.support.command_ids import command_ids
from tests.support.dead_letters import KeptLetters
from tests.support.domain import BASIS, HUNDRED, MERCHANT, NOW
from tests.support.pins import Pinned
from tests.support.provider import ScriptedProvider
from tests.support.routing import SIMULATOR, InOrder
from tests.support.store import everything, operation_queue

AT_ONCE = Backoff(first_s=0, longest_s=0)
"""What was tried in vain is due again, since the clock stands still."""


class FlakyStore:
    """The real store, whose next appends fail: before they took effect, or after."""

    def __init__(self, store: PostgresEventStore) -> None:
        self._store = store
        self.fail_before = 0
        self.fail_after = 0
        self.conflicts = 0
        """How many of the next appends find that somebody else was first."""
        self.before_append: list[Callable[[], object]] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def append(self, append: Append) -> AppendResult:
        if self.before_append:
            happened = self.before_append.pop(0)()
            if asyncio.iscoroutine(happened):
                await happened
        if self.conflicts:
            self.conflicts -= 1
            return VersionConflict()
        if self.fail_before:
            self.fail_before -= 1
            raise StoreUnavailable("before")
        result = await self._store.append(append)
        if self.fail_after:
            self.fail_after -= 1
            raise StoreUnavailable("after")
        return result


class Shop:
    """Payments, operations and recovery wired together, with a clock that stands still."""

    def __init__(
        self,
        store: PostgresEventStore,
        *providers: ProviderName,
        pricing: PricingContext = BASIS,
        refusal_stands_after_s: float = 0.0,
        unlisted: Collection[ProviderName] = (),
        at: Mapping[ProviderName, Any] | None = None,
    ) -> None:
        """The merchant's payments go to the first of `providers`, and fall back to the next. `unlisted` are those that
        have no list of what happened; `at` are the providers themselves, where another store has been there before."""
        self.store = store
        self.flaky = FlakyStore(store)
        self.queue = operation_queue(store)
        names = providers or (SIMULATOR,)
        self.providers = {name: (at or {}).get(name) or ScriptedProvider() for name in names}
        self.provider = self.providers[names[0]]
        self.routing = InOrder(*names)
        self.now = NOW
        as_store: EventStore = self.flaky  # type: ignore[assignment]
        self.letters = KeptLetters()
        self.pricing = pricing
        self.pricing_contexts = CurrentPricingContexts(
            terms_of=lambda _: self.pricing.terms,
            rates=lambda: self.pricing.rates,
            is_holiday=lambda calendar, day: self.pricing.is_holiday(calendar, day),
        )
        self.pins = Pinned()
        self.lost = LostCharges(
            pins=self.pins,
            unlisted={name: each for name, each in self.providers.items() if name in unlisted},
            attempts_max=len(names),
            now=self.clock,
        )
        self.operations = Operations(
            store=as_store,
            queue=self.queue,
            providers=self.providers,
            answers=render_response,
            policies=DEFAULT_POLICIES,
            pricing_contexts=self.pricing_contexts,
            routing=self.routing,
            lost=self.lost,
            letters=self.letters,
            now=self.clock,
            refusal_stands_after_s=refusal_stands_after_s,
        )
        self.recovery = Recovery(
            store=as_store,
            queue=self.queue,
            operations=self.operations,
            letters=self.letters,
            now=far_future,
            new_id=uuid4,
            backoff=AT_ONCE,
            lease_s=0,
        )
        self.payments = Payments(
            store=as_store,
            operations=self.operations,
            recovery=self.recovery,
            answers=render_response,
            pricing_contexts=self.pricing_contexts,
            routing=self.routing,
            lost=self.lost,
            now=self.clock,
            ids=command_ids(),
        )

    def clock(self) -> datetime:
        return self.now

    async def create(
        self,
        *,
        token: str = "tok_visa",
        method: CaptureMethod = CaptureMethod.MANUAL,
        confirmed: bool = True,
        caller: Caller | None = None,
    ) -> Answered:
        command = CreatePayment(
            merchant_id=MERCHANT,
            customer_id=CustomerId("cus_1"),
            amount=HUNDRED,
            method=PaymentMethod(MethodType.CARD, token),
            capture_method=method,
        )
        return await self.payments.create(command, caller or a_caller(), confirmed=confirmed)

    async def authorized(self) -> PaymentId:
        """The id of a new payment whose money is reserved."""
        return payment_id_of(await self.create())

    async def captured(self) -> PaymentId:
        return payment_id_of(await self.create(method=CaptureMethod.AUTOMATIC))

    async def captured_by(self, key: str) -> PaymentId:
        """A payment whose capture came under `key`."""
        payment_id = await self.authorized()
        await self.payments.capture(payment_id, a_caller(key), amount_minor=None, final=True)
        return payment_id

    async def payment(self, payment_id: PaymentId) -> Payment:
        return loaded_from(payment_id, await self.store.history(payment_id)).payment

    async def events(self, payment_id: PaymentId) -> list[str]:
        return [positioned.event.data.__struct_config__.tag for positioned in await self.store.history(payment_id)]  # type: ignore[misc]

    async def unresolved(self) -> int:
        return len(await self.queue.unresolved(claimed_before=far_future()))

    async def settle_down(self) -> None:
        """Let everything in the background end, then sweep as a start would, until nothing is unresolved."""
        for _ in range(20):
            if await self.recovery.sweep(older_than_s=0) == 0:
                return
        raise AssertionError("operations stay unresolved")

    async def assert_books_hold(self) -> None:
        """The books balance, agree with the kept balances and with the provider, and no event is without its entry."""
        stored: Sequence[Positioned] = await everything(self.store)
        entries = [
            positioned.event.data for positioned in stored if isinstance(positioned.event.data, JournalEntryPosted)
        ]
        assert set(imbalance(posting for entry in entries for posting in entry.postings).values()) <= {0}
        clearing = sum(minor for key, minor in fold_balances(entries).items() if key.account.endswith(":clearing"))
        assert clearing == sum(provider.taken_minor for provider in self.providers.values())
        ids_ = [
            positioned.event.originator_id
            for positioned in stored
            if isinstance(positioned.event.data, JournalEntryPosted)
        ]
        assert ids_ == [entry_id_for(entry.cause_id, entry.cause_version) for entry in entries]


def a_caller(key: str | None = None, *, request: bytes = b"request") -> Caller:
    """A merchant's request; with a key it can be repeated."""
    cause = Cause(actor="key:test", request_id=uuid4().hex, trace_id=uuid4().hex)
    return Caller(merchant_id=MERCHANT, cause=cause, key=key, fingerprint=request)


def somebody_else() -> Caller:
    return replace(a_caller(), merchant_id="mer_other")


def body_of(answered: Answered) -> dict[str, object]:
    decoded: dict[str, object] = msgspec.json.decode(answered.body)
    return decoded


def payment_id_of(answered: Answered) -> PaymentId:
    text = body_of(answered)["payment_id"]
    uuid: UUID | None = ids.parse(str(text), ids.PAYMENT, ids.INTENT)
    assert uuid is not None
    return PaymentId(uuid)


def far_future() -> datetime:
    """Later than anything that the database's own clock has stamped."""
    return NOW.replace(year=2100)
