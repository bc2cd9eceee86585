"""Payments to copy from: each made by the application's own commands, with every id and time in it replaceable."""

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from uuid import UUID

from msgspec import Struct
from typeid.codecs import base32

from application.payment.commands import Payments
from application.payment.operation import Operations
from application.payment.operation_queue import UnresolvedOperation
from application.payment.recovery import Recovery
from application.terms.policies import DEFAULT_POLICIES
from application.write.caller import Answered, Caller
from application.write.command_ids import CommandIds
from application.write.store import Append, Appended, AppendResult, Claim, Settlement, StoredClaim
from domain.history import Cause, Positioned, Recorded
from domain.identifiers import CustomerId, MerchantId, OperationId, PaymentId
from domain.ledger.balances import LimitedChange, limited_changes
from domain.ledger.entry import JournalEntryPosted
from domain.money.money import Money
from domain.payment.create import CreatePayment
from domain.payment.events import CaptureMethod
from domain.payment.method import MethodType, PaymentMethod
from infrastructure.postgres.event_store.mapper import EventMapper
from interfaces import ids
from interfaces.resources.payment_answer import render_response
from tests.support.dead_letters import KeptLetters
from tests.support.pins import NOTHING_LOST
from tests.support.pricing import pricing_contexts
from tests.support.provider import DECLINING, ScriptedProvider
from tests.support.routing import SIMULATOR, InOrder

BEGUN_AT = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
STEP_S = 6
"""Between the appends of a payment, all of which happen within one minute."""
WINDOW_DAYS = DEFAULT_POLICIES.window.days
CURRENCIES = ("EUR", "EUR", "EUR", "USD", "USD", "GBP", "JPY")


class Text(Struct, frozen=True):
    """Bytes with the places of one payment's own values in them."""

    form: bytes
    picked: tuple[int, ...]

    def of(self, values: Sequence[bytes]) -> bytes:
        if len(self.picked) == 1:
            return self.form % values[self.picked[0]]
        return self.form % itemgetter(*self.picked)(values) if self.picked else self.form % ()


class EventTemplate(Struct, frozen=True):
    """`stream` is the place of the stream's id among the payment's ids, entries after all others."""

    stream: int
    version: int
    topic: bytes
    state: Text


class ClaimTemplate(Struct, frozen=True):
    """`answered` is the number of the append that answered it."""

    operation: int
    merchant_id: bytes
    verb: bytes
    key: Text
    fingerprint: bytes
    status: int
    body: Text
    answered: int


class Template(Struct, frozen=True):
    """A payment's appends in order, with `ids` ids of its own and an entry for each of `entry_versions`.

    `told` are those of its ids that the merchant reads, in base 32."""

    appends: tuple[tuple[EventTemplate, ...], ...]
    claims: tuple[ClaimTemplate, ...]
    ids: int
    told: frozenset[int]
    entry_versions: tuple[int, ...]
    changes: tuple[LimitedChange, ...]


class _OnePayment:
    """Implements application.write.store.EventStore while one payment is made, and remembers what is appended."""

    def __init__(self) -> None:
        self.appends: list[Append] = []

    async def append(self, append: Append) -> AppendResult:
        self.appends.append(append)
        return Appended(len(self.appends))

    async def history(self, stream_id: UUID) -> Sequence[Positioned]:
        events = [event for append in self.appends for event in append.events if event.originator_id == stream_id]
        return [Positioned(position, event) for position, event in enumerate(events, start=1)]

    async def histories(self, stream_ids: Sequence[UUID]) -> Sequence[Positioned]:
        raise NotImplementedError

    async def claim_by_key(self, merchant_id: MerchantId, key: str) -> StoredClaim | None:
        return None

    async def claim_by_operation(self, operation_id: OperationId) -> StoredClaim | None:
        return None


class _NothingUnresolved:
    """Implements application.payment.operation_queue.OperationQueue, as far as payments are made that resolve."""

    async def unresolved(self, *, claimed_before: datetime) -> Sequence[UnresolvedOperation]:
        return []

    async def claim(
        self, *, claimed_before: datetime, now: datetime, lease: timedelta, operations_max: int
    ) -> Sequence[UnresolvedOperation]:
        return []

    async def next_due(self, *, now: datetime, older_than: timedelta, lease: timedelta) -> datetime | None:
        return None

    async def claim_one(self, operation_id: OperationId, *, now: datetime, lease: timedelta) -> datetime | None:
        return None

    async def release(self, operation_id: OperationId, *, until: datetime) -> None:
        pass

    async def put_back(
        self, operation_id: OperationId, *, until: datetime, alerted: bool = False, attempts: int | None = None
    ) -> bool:
        raise NotImplementedError

    async def make_due(self, operation_id: OperationId, *, now: datetime) -> bool:
        raise NotImplementedError

    async def resolved_after_alert(
        self, *, now: datetime, lease: timedelta, operations_max: int
    ) -> Sequence[OperationId]:
        return []

    async def has_alerted(self) -> bool:
        return False

    async def alert_over(self, operation_id: OperationId) -> None:
        raise NotImplementedError

    async def said_since(self, operation_id: OperationId, said: str, *, now: datetime) -> datetime | None:
        raise NotImplementedError


class _RecordedIds(CommandIds):
    """Ids that are made anew although the commands have keys, so that the copies of a payment can have others."""

    async def _named(self, caller: Caller, what: str) -> UUID:
        return self._new_id()


async def _no_namespace() -> UUID:
    raise NotImplementedError


class _Merchant:
    """What a merchant does to one payment after the other."""

    def __init__(self, chance: random.Random, merchant_id: MerchantId) -> None:
        self.store = _OnePayment()
        self.ids: list[UUID] = []
        self._chance = chance
        self._merchant_id = merchant_id
        routing = InOrder(SIMULATOR)
        queue = _NothingUnresolved()
        operations = Operations(
            store=self.store,
            queue=queue,
            providers={SIMULATOR: ScriptedProvider()},
            answers=render_response,
            policies=DEFAULT_POLICIES,
            pricing_contexts=pricing_contexts(),
            routing=routing,
            lost=NOTHING_LOST,
            letters=KeptLetters(),
            now=self._now,
        )
        self._payments = Payments(
            store=self.store,
            operations=operations,
            recovery=Recovery(
                store=self.store,
                queue=queue,
                operations=operations,
                letters=KeptLetters(),
                now=self._now,
                new_id=self._new_id,
            ),
            answers=render_response,
            pricing_contexts=pricing_contexts(),
            routing=routing,
            lost=NOTHING_LOST,
            now=self._now,
            ids=_RecordedIds(namespace=_no_namespace, new_id=self._new_id),
        )
        self._amount_minor = chance.randint(100, 50_000)

    async def automatic(self) -> None:
        await self._create(CaptureMethod.AUTOMATIC)

    async def declined(self) -> None:
        await self._create(CaptureMethod.AUTOMATIC, token=DECLINING)

    async def authorized(self) -> None:
        await self._create(CaptureMethod.MANUAL)

    async def captured(self) -> None:
        await self._create(CaptureMethod.MANUAL)
        await self._payments.capture(self._payment_id, self._caller(), amount_minor=None, final=True)

    async def captured_in_parts(self) -> None:
        await self._create(CaptureMethod.MANUAL)
        half = self._amount_minor // 2
        await self._payments.capture(self._payment_id, self._caller(), amount_minor=half, final=False)
        await self._payments.capture(self._payment_id, self._caller(), amount_minor=half, final=True)

    async def voided(self) -> None:
        await self._create(CaptureMethod.MANUAL)
        await self._payments.void(self._payment_id, self._caller())

    async def refunded(self) -> None:
        await self._create(CaptureMethod.AUTOMATIC)
        half = self._amount_minor // 2
        await self._payments.refund(self._payment_id, self._caller(), amount_minor=half, reason="damaged")

    @property
    def _payment_id(self) -> PaymentId:
        return PaymentId(self.store.appends[0].events[0].originator_id)

    async def _create(self, method: CaptureMethod, *, token: str = "tok_visa") -> Answered:
        command = CreatePayment(
            merchant_id=self._merchant_id,
            customer_id=CustomerId(f"cus_{self._chance.randint(1, 10_000)}"),
            amount=Money(self._amount_minor, self._chance.choice(CURRENCIES)),
            method=PaymentMethod(MethodType.CARD, token),
            capture_method=method,
        )
        return await self._payments.create(command, self._caller(), confirmed=True)

    def _caller(self) -> Caller:
        request = self._new_id()
        return Caller(
            merchant_id=self._merchant_id,
            cause=Cause(
                actor=f"key:{self._merchant_id}", request_id=ids.text_of("req", request), trace_id=self._new_id().hex
            ),
            key=f"order-{request}",
            fingerprint=self._chance.randbytes(32),
        )

    def _now(self) -> datetime:
        return BEGUN_AT + timedelta(seconds=STEP_S * len(self.store.appends), microseconds=123_456)

    def _new_id(self) -> UUID:
        self.ids.append(ids.new_uuid())
        return self.ids[-1]


_MIX: tuple[tuple[Callable[[_Merchant], Awaitable[None]], int], ...] = (
    (_Merchant.automatic, 60),
    (_Merchant.captured, 12),
    (_Merchant.refunded, 10),
    (_Merchant.declined, 8),
    (_Merchant.voided, 4),
    (_Merchant.authorized, 3),
    (_Merchant.captured_in_parts, 3),
)
"""What becomes of a hundred payments."""


def templates(merchants: Sequence[MerchantId], *, count: int, seed: int) -> list[Template]:
    """`count` payments of `merchants`, in the mix that a shop would have."""
    chance = random.Random(seed)
    ways = chance.choices([way for way, _ in _MIX], [weight for _, weight in _MIX], k=count)

    async def make() -> list[Template]:
        made = []
        for way in ways:
            merchant = _Merchant(chance, chance.choice(merchants))
            await way(merchant)
            made.append(_template(merchant.store.appends, merchant.ids))
        return made

    return asyncio.run(make())


def _template(appends: Sequence[Append], own: Sequence[UUID]) -> Template:
    entries = [event for append in appends for event in append.events if isinstance(event.data, JournalEntryPosted)]
    streams = {stream: number for number, stream in enumerate([*own, *(entry.originator_id for entry in entries)])}
    pattern, places = _places(own, [entry.originator_id for entry in entries])
    mapper = EventMapper()

    def text(of: bytes) -> Text:
        form, picked, done = b"", [], 0
        for match in pattern.finditer(of):
            form += of[done : match.start()].replace(b"%", b"%%") + b"%b"
            picked.append(places[match[0]])
            done = match.end()
        return Text(form + of[done:].replace(b"%", b"%%"), tuple(picked))

    def event(recorded: Recorded) -> EventTemplate:
        stored = mapper.to_stored_event(recorded)
        return EventTemplate(
            streams[recorded.originator_id], recorded.originator_version, stored.topic.encode(), text(stored.state)
        )

    def claim(claim: Claim) -> ClaimTemplate:
        answered, settlement = next(
            (number, append.settlement) for number, append in enumerate(appends) if _settles(append.settlement, claim)
        )
        assert settlement is not None
        assert claim.key is not None
        return ClaimTemplate(
            streams[claim.operation_id],
            claim.merchant_id.encode(),
            claim.verb.encode(),
            text(claim.key.encode()),
            claim.fingerprint,
            settlement.answer.status,
            text(settlement.answer.body),
            answered,
        )

    events = tuple(tuple(event(recorded) for recorded in append.events) for append in appends)
    claims = tuple(claim(append.claim) for append in appends if append.claim is not None)
    picked = {place for of in events for each in of for place in each.state.picked}
    picked.update(place for each in claims for place in each.body.picked)
    return Template(
        events,
        claims,
        len(own),
        frozenset(number for number in range(len(own)) if 3 * number + 2 in picked),
        tuple(entry.data.cause_version for entry in entries if isinstance(entry.data, JournalEntryPosted)),
        limited_changes(entry.data for entry in entries if isinstance(entry.data, JournalEntryPosted)),
    )


def _settles(settlement: Settlement | None, claim: Claim) -> bool:
    return settlement is not None and settlement.operation_id == claim.operation_id


def _places(own: Sequence[UUID], entries: Sequence[UUID]) -> tuple[re.Pattern[bytes], dict[bytes, int]]:
    """Every replaceable text, and which of a payment's values stands there: see `stores.values`."""
    texts: list[str] = []
    for uuid in own:
        texts += [str(uuid), uuid.hex, base32.encode(uuid.bytes)]
    texts += [str(uuid) for uuid in entries]
    texts += [minute(BEGUN_AT), minute(BEGUN_AT + timedelta(days=WINDOW_DAYS))]
    places = {text.encode(): place for place, text in enumerate(texts)}
    return re.compile(b"|".join(re.escape(text) for text in places)), places


def minute(at: datetime) -> str:
    """The beginning of how a time within this minute is written."""
    return at.strftime("%Y-%m-%dT%H:%M:")
