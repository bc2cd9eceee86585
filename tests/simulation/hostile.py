"""Payments through a provider that lies: in the end our books are what it really did, or an operator was told.

What a lie leaves behind that shows itself at once (an amount, a currency, a name, a status that does not fit the
request) must be gone once the provider tells the truth again: those payments' books are equal, told or not.
"""

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from domain.dead_letter.events import DeadLetterClosed, DeadLetterEvent, DeadLetterRecorded, DeadLetterResolved
from domain.history import Recorded
from domain.identifiers import MerchantId
from domain.payment.confirm import NO_PROVIDER
from domain.payment.events import ContradictionReported, OperationInDoubt, PaymentEvent
from interfaces import ids
from interfaces.composition import Core
from interfaces.runtime.supervisor import HOST, Stack
from tests.simulation.books import Line, books, lines_of, our_lines
from tests.simulation.timeline import told
from tests.support.hostile.provider import WEBHOOKS, HostileProvider, hostile_provider
from tests.support.running import Merchant, Reply, merchant_in
from tests.support.shopper import next_step
from tests.support.simulator import free_port

PROVIDER: Final = "hostile"
PROVIDER_TIMEOUT_S: Final = 1.0
LATE_S: Final = 1.3
IN_DOUBT_AFTER_S: Final = 4
CUSTOMER_ACTS_AFTER_S: Final = 0.3
AT_ONCE: Final = 24
AMOUNT_MIN: Final = 1_000
STEPS_MAX: Final = 2
LOOKS_MAX: Final = 12
TRIES_MAX: Final = 20
NOBODY_PAUSE_S: Final = 0.5
LOOK_EVERY_S: Final = 0.25
SETTLE_EVERY_S: Final = 0.5
BATCH_EVENTS_MAX: Final = 2_000
TOKENS: Final = (*("tok_visa",) * 6, "tok_declined", "tok_insufficient_funds", "tok_3ds_approves", "tok_slow")
UNEXPECTED: Final = 500


class HostileVerdict(Struct, frozen=True, kw_only=True):
    """`lied_to` of the `payments` something false was said; `different` are not in our books as the provider has them;
    `untold` of these nobody was told; `wronged` are different although nothing believable was said of them.
    `errors_500` requests were answered so."""

    seed: int
    payments: int
    lies: int
    lied_to: int
    different: int
    untold: int
    wronged: int
    charged_twice: int
    errors_500: int


class HostileJudged(Struct, frozen=True, kw_only=True):
    """`findings` names each difference that must not be; `met` counts the lies that were told."""

    verdict: HostileVerdict
    findings: Sequence[str]
    met: Mapping[str, int]


class HostileStack(NamedTuple):
    """The system, and where it looks for its one provider: at `provider_port`, under `webhook_secret`."""

    stack: Stack
    provider_port: int
    webhook_secret: str


@contextmanager
def hostile_stack(home: Path) -> Iterator[HostileStack]:
    """The system on data of its own under `home`; a provider stands before its simulator only during `hostile`."""
    secret, port = secrets.token_urlsafe(), free_port()
    url = f"http://{HOST}:{port}"
    account = {
        "name": PROVIDER,
        "connector": "simulator",
        "url": url,
        "timeout_s": PROVIDER_TIMEOUT_S,
        "credentials": {"webhook_secret": secret},
    }
    accounts = home.with_name(f"{home.name}-providers.json")
    accounts.write_bytes(msgspec.json.encode([account]))
    environment = {
        "TALLYSTICK_PROVIDERS": str(accounts),
        "TALLYSTICK_PROVIDER_TIMEOUT_S": str(PROVIDER_TIMEOUT_S),
        "TALLYSTICK_IN_DOUBT_AFTER_S": str(IN_DOUBT_AFTER_S),
        "TALLYSTICK_SIMULATOR_WEBHOOK_URL": url + WEBHOOKS,
        "TALLYSTICK_SIMULATOR_WEBHOOK_SECRET": secret,
        "TALLYSTICK_SIMULATOR_CUSTOMER_ACTS_AFTER_S": str(CUSTOMER_ACTS_AFTER_S),
    }
    with Stack(home, simulators=(PROVIDER,), environment=environment) as stack:
        yield HostileStack(stack, port, secret)


async def hostile(system: HostileStack, seed: int, payments: int, *, settled_within_s: float) -> HostileJudged:
    """One run. `settled_within_s` bounds the time from the first true word on until every payment is equal or told."""
    stack = system.stack
    async with (
        hostile_provider(
            seed,
            port=system.provider_port,
            webhook_secret=system.webhook_secret,
            simulator_url=stack.simulator_urls[PROVIDER],
            intake_url=f"{stack.url}/v1/provider_webhooks/{PROVIDER}",
            late_s=LATE_S,
        ) as provider,
        Core(stack.settings) as core,
        merchant_in(core.access.directory, stack.url, f"Hostile {seed}") as merchant,
    ):
        run = _Run(merchant, seed)
        places = asyncio.Semaphore(AT_ONCE)
        since = await core.store.head()
        await asyncio.gather(*(run.placed(number, places) for number in range(payments)))
        provider.honest = True
        return await _judge(core, stack, provider, run, since, settled_within_s=settled_within_s)


class _Run:
    """A merchant who places orders and goes on with them as far as it is told how they are."""

    def __init__(self, merchant: Merchant, seed: int) -> None:
        self._merchant = merchant
        self.seed = seed
        self.merchant_id = MerchantId(merchant.merchant_id)
        self.errors: list[str] = []
        self.payments: list[UUID] = []

    async def placed(self, number: int, places: asyncio.Semaphore) -> None:
        choose = random.Random(f"{self.seed}/{number}")
        async with places:
            body = {
                "customer_id": f"customer-{number}",
                "amount": AMOUNT_MIN + number,
                "currency": "EUR",
                "payment_method": {"type": "card", "token": choose.choice(TOKENS)},
                "capture_method": choose.choice(("manual", "automatic")),
                "confirm": True,
            }
            payment_id = await self._taken_on(body, f"{self.seed}-{number}")
            for step in range(choose.randint(0, STEPS_MAX)):
                payment = await self._settled(payment_id)
                what = None if payment is None else next_step(payment, choose)
                if what is None:
                    break
                verb, wanted = what
                await self._sent(f"/v1/payments/{payment_id}/{verb}", wanted, f"{self.seed}-{number}-{step}")

    async def _taken_on(self, body: dict[str, Any], key: str) -> str:
        """The payment's id. While so many lies keep the circuit open it would meet nobody, and another one is made."""
        for again in range(TRIES_MAX):
            reply = await self._sent("/v1/payment_intents", body, f"{key}-{again}")
            uuid = ids.parse(reply.json["payment_id"], ids.PAYMENT)
            assert uuid is not None
            self.payments.append(uuid)
            if (reply.json["failure"] or {}).get("code") != NO_PROVIDER:
                break
            await asyncio.sleep(NOBODY_PAUSE_S)
        return str(reply.json["payment_id"])

    async def _sent(self, path: str, body: dict[str, Any], key: str) -> Reply:
        """The answer, whatever it is; sent again under its key while it says to come again."""
        while True:
            reply = await self._merchant.send("POST", path, body, key=key)
            if reply.status >= UNEXPECTED and "Retry-After" not in reply.headers:
                self.errors.append(f"{path} under {key}: {reply.status} {reply.body!r}")
            if "Retry-After" not in reply.headers:
                return reply
            await asyncio.sleep(LOOK_EVERY_S)

    async def _settled(self, payment_id: str) -> dict[str, Any] | None:
        """The payment once nothing of it is in flight; None where that takes too long."""
        for _ in range(LOOKS_MAX):
            payment = await self._merchant.payment(payment_id)
            if payment["operation"] is None:
                return payment
            await asyncio.sleep(LOOK_EVERY_S)
        return None


class _Seen(Struct, frozen=True, kw_only=True):
    """Both sides at one time, by payment."""

    histories: Mapping[UUID, Sequence[Recorded]]
    ours: Mapping[UUID, Sequence[Line]]
    theirs: Mapping[UUID, Sequence[Line]]
    told: frozenset[UUID]

    @property
    def different(self) -> Sequence[UUID]:
        return [one for one in self.histories if sorted(self.ours.get(one, ())) != sorted(self.theirs.get(one, ()))]


async def _judge(
    core: Core, stack: Stack, provider: HostileProvider, run: _Run, since: int, *, settled_within_s: float
) -> HostileJudged:
    seen = await _look(core, stack, run, since)
    deadline = asyncio.get_running_loop().time() + settled_within_s
    while _wrong(seen, provider) and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(SETTLE_EVERY_S)
        seen = await _look(core, stack, run, since)
    wrong = _wrong(seen, provider)
    twice = [one for one, lines in seen.theirs.items() if sum(line.authorized > 0 for line in lines) > 1]
    findings = [
        *run.errors,
        *(f"payment {one} was charged twice: {seen.theirs[one]}{told(seen.histories[one])}" for one in twice),
        *(f"payment {one}: {why}; {_both(seen, one)}" for one, why in wrong.items()),
    ]
    verdict = HostileVerdict(
        seed=run.seed,
        payments=len(run.payments),
        lies=provider.told.total(),
        lied_to=len(provider.lied_to),
        different=len(seen.different),
        untold=sum(one not in seen.told for one in seen.different),
        wronged=sum(str(one) not in provider.believable for one in seen.different),
        charged_twice=len(twice),
        errors_500=len(run.errors),
    )
    return HostileJudged(verdict=verdict, findings=findings, met=Counter(provider.told))


def _wrong(seen: _Seen, provider: HostileProvider) -> dict[UUID, str]:
    wrong = {one: "it is different, and nobody was told" for one in seen.different if one not in seen.told}
    for one in seen.different:
        if str(one) not in provider.believable:
            wrong[one] = "it is different, and nothing that could be believed was said of it"
    return wrong


def _both(seen: _Seen, one: UUID) -> str:
    return f"we say {seen.ours.get(one)}, the provider says {seen.theirs.get(one)}:{told(seen.histories[one])}"


async def _look(core: Core, stack: Stack, run: _Run, since: int) -> _Seen:
    histories: dict[UUID, list[Recorded]] = {one: [] for one in run.payments}
    letters: dict[UUID, DeadLetterEvent] = {}
    about: dict[UUID, UUID] = {}
    position = since
    while events := await core.store.after(position, events_max=BATCH_EVENTS_MAX):
        position = events[-1].position
        for event in (positioned.event for positioned in events):
            if isinstance(event.data, DeadLetterEvent):
                letters[event.originator_id] = event.data
                if isinstance(event.data, DeadLetterRecorded) and event.data.payment_id is not None:
                    about[event.originator_id] = event.data.payment_id
            elif isinstance(event.data, PaymentEvent) and event.originator_id in histories:
                histories[event.originator_id].append(event)
    ended = DeadLetterClosed | DeadLetterResolved
    waiting = {payment for letter, payment in about.items() if not isinstance(letters[letter], ended)}
    doubted = {one for one, history in histories.items() if any(_tells(recorded) for recorded in history)}
    theirs = lines_of(await books(stack.simulator_urls))
    return _Seen(
        histories=histories,
        ours={one: our_lines(history) for one, history in histories.items()},
        theirs={UUID(payment): lines for payment, lines in theirs.items() if UUID(payment) in histories},
        told=frozenset(waiting | doubted),
    )


def _tells(recorded: Recorded) -> bool:
    return isinstance(recorded.data, ContradictionReported | OperationInDoubt)
