"""A provider that lies: it stands between the core and a simulator, whose books alone say what was really done.

Every lie is drawn from the seed and the amount of the payment that it is told about, whatever comes first. At its first
look-up of an operation it may say something else than at the next ones; a notice with a lie in it comes before the
true one. While `honest` is true it passes everything on.
"""

import asyncio
import json
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Final, NamedTuple

import aiohttp

from tests.support.connections import served
from tests.support.hostile import notices
from tests.support.hostile.lies import (
    BELIEVABLE,
    OF_ANSWERS,
    OF_LOOKUPS,
    OF_NOTICES,
    Lie,
    Said,
    Words,
    misstated,
    spoiled,
    spoiled_lookup,
)
from tests.support.hostile.wire import Asked, answer_bytes, read_request

HOST: Final = "127.0.0.1"
ANSWERS_SPOILED: Final = 0.35
LOOKUPS_SPOILED: Final = 0.5
NOTICES_SPOILED: Final = 0.25
NOTICE_DELAY_S_MAX: Final = 1.0
RECORDED_AFTER_S: Final = 2.0
WEBHOOKS: Final = "/webhooks"
_CHARGES: Final = "/v1/charges"
_OPERATIONS: Final = "/v1/operations/"


class _Drawn(NamedTuple):
    lie: Lie | None
    number: int


class HostileProvider:
    """`told` counts the lies; `lied_to` has the payments, by the provider's `reference`, of which something false was
    said, and `believable` those of them of which it was something that nothing gives away at once."""

    def __init__(self, seed: int, *, webhook_secret: str, simulator_url: str, intake_url: str, late_s: float) -> None:
        """Notices go on to `intake_url`, signed anew. An answer that is late comes `late_s` after it was asked for."""
        self._seed = seed
        self._secret = webhook_secret
        self._simulator_url = simulator_url
        self._intake_url = intake_url
        self._late_s = late_s
        self.honest = False
        self.told: Counter[str] = Counter()
        self.lied_to: set[str] = set()
        self.believable: set[str] = set()
        self._payment_of: dict[str, str] = {}
        """By the name of a charge, and by that of an operation."""
        self._amounts: dict[str, int] = {}
        """What each payment was first asked for: no two the same amount, so that it names the order."""
        self._asked: Counter[tuple[str, str]] = Counter()
        self._earlier: dict[str, list[Said]] = defaultdict(list)
        self._recorded_charges: list[str] = []
        """Those that must be on record by now: a notice in which another payment has one of them gives itself away."""
        self._requests: dict[str, Words] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Everything that is asked on one connection, until either side ends it."""
        async with aiohttp.ClientSession() as http:
            with suppress(OSError, asyncio.IncompleteReadError, aiohttp.ClientError):
                while (asked := await read_request(reader)) is not None:
                    if asked.path.startswith(WEBHOOKS):
                        await self._tell(http, asked, writer)
                    elif not await self._answer(http, asked, writer):
                        break
        writer.close()

    async def _answer(self, http: aiohttp.ClientSession, asked: Asked, writer: asyncio.StreamWriter) -> bool:
        """Answer, truly or not; whether the connection goes on."""
        kind, payment, request = self._placed(asked)
        truth = await self._truth(http, asked)
        self._learn_charge(kind, payment, truth)
        drawn = self._drawn(kind, payment, asked)
        lie, said = drawn.lie, truth
        if lie is not None:
            another = self._another(kind, payment, drawn.number)
            spoil = spoiled_lookup if kind == "lookup" else spoiled
            changed = spoil(lie, truth, another, request, drawn.number)
            lie = None if changed is None else lie
            said = changed or truth
        self._remember(kind, payment, truth)
        self._count(kind, lie, payment)
        if lie is Lie.LATE:
            await asyncio.sleep(self._late_s)
        sent = answer_bytes(said.http_status, said.body)
        if lie is Lie.CUT:
            writer.write(sent[: len(sent) - 1 - drawn.number % (len(said.body) // 2)])
            await writer.drain()
            return False
        writer.write(sent)
        await writer.drain()
        if lie is Lie.TWICE:
            writer.write(sent)
            await writer.drain()
        return True

    async def _truth(self, http: aiohttp.ClientSession, asked: Asked) -> Said:
        async with http.request(
            asked.method, self._simulator_url + asked.path, data=asked.body or None, headers=asked.headers_passed_on
        ) as response:
            return Said(response.status, await response.read())

    def _placed(self, asked: Asked) -> tuple[str, str, Words]:
        """What kind of request it is, which payment it is about, and what was asked for."""
        if asked.path.startswith(_OPERATIONS):
            key = asked.path.removeprefix(_OPERATIONS)
            return "lookup", self._payment_of.get(key, ""), self._requests.get(key, {})
        request: Words = json.loads(asked.body) if asked.body else {}
        key = asked.headers.get("idempotency-key", "")
        if asked.path == _CHARGES:
            kind, payment = "charge", str(request["reference"])
            self._amounts.setdefault(payment, request["amount"])
        else:
            charge, verb = asked.path.removeprefix(_CHARGES + "/").split("/")
            kind, payment = verb, self._payment_of.get(charge, "")
            request |= {"charge": charge}
        self._payment_of[key] = payment
        self._requests[key] = request
        return kind, payment, request

    def _learn_charge(self, kind: str, payment: str, truth: Said) -> None:
        """Note whose charge an answer, or the answer that a look-up found, names: whichever comes first."""
        if not payment or not truth.is_success:
            return
        words = truth.words["answer"] if kind == "lookup" else truth.words
        if charge := words.get("charge") or words.get("id"):
            self._payment_of[charge] = payment

    def _drawn(self, kind: str, payment: str, asked: Asked) -> _Drawn:
        """The lie of this answer, if any. A look-up of an operation is spoiled only the first time."""
        thing = asked.path if kind == "lookup" else payment
        nth = self._asked[kind, thing] = self._asked[kind, thing] + 1
        choose = random.Random(f"{self._seed}/{self._amounts.get(payment)}/{kind}/{nth}")
        share, lies = (LOOKUPS_SPOILED, OF_LOOKUPS) if kind == "lookup" else (ANSWERS_SPOILED, OF_ANSWERS)
        spoils = choose.random() < share and not self.honest and not (kind == "lookup" and nth > 1)
        lie = choose.choice(lies)
        return _Drawn(lie if spoils else None, choose.randrange(2**64))

    def _another(self, kind: str, payment: str, number: int) -> Said | None:
        others = self._earlier[kind]
        return others[number % len(others)] if others else None

    def _remember(self, kind: str, payment: str, truth: Said) -> None:
        if truth.is_success and payment:
            self._earlier[kind].append(truth)

    def _count(self, kind: str, lie: Lie | None, payment: str) -> None:
        if lie is None:
            return
        self.told[f"{kind}: {lie}"] += 1
        self.lied_to.add(payment)
        if kind != "lookup" and lie in BELIEVABLE:
            self.believable.add(payment)

    async def _tell(self, http: aiohttp.ClientSession, asked: Asked, writer: asyncio.StreamWriter) -> None:
        """Pass a notice on, late, and perhaps one behind a lie."""
        event: Words = json.loads(asked.body)
        data = event["data"]
        payment = str(data.get("reference", ""))
        self._payment_of[data["charge"]] = payment
        nth = self._asked["notice", payment] = self._asked["notice", payment] + 1
        choose = random.Random(f"{self._seed}/{self._amounts.get(payment)}/notice/{nth}")
        await asyncio.sleep(0 if self.honest else choose.uniform(0, NOTICE_DELAY_S_MAX))
        if not self.honest and choose.random() < NOTICES_SPOILED:
            lie = choose.choice(OF_NOTICES)
            false = self._false_notice(lie, event, choose.randrange(2**64))
            if false is not None:
                self._count("notice", lie, payment)
                await self._deliver(http, json.dumps(false).encode())
        writer.write(answer_bytes(await self._deliver(http, asked.body), b""))
        await writer.drain()
        if event["type"] == "charge.authorized":
            asyncio.get_running_loop().call_later(RECORDED_AFTER_S, self._recorded_charges.append, data["charge"])

    def _false_notice(self, lie: Lie, event: Words, number: int) -> Words | None:
        data: Words = event["data"]
        if lie is Lie.DECLINED:
            changed = notices.declined(event)
        else:
            others = [charge for charge in self._recorded_charges if charge != data["charge"]]
            another = {"charge": others[number % len(others)]} if others else None
            words = misstated(lie, data, another, number)
            if words is not None and data["id"] == data["charge"]:
                words["id"] = words["charge"]
            changed = None if words is None else event | {"data": words}
        return None if changed is None else changed | {"id": f"{event['id']}-{lie}"}

    async def _deliver(self, http: aiohttp.ClientSession, body: bytes) -> int:
        try:
            async with http.post(self._intake_url, data=body, headers=notices.signed(self._secret, body)) as response:
                return response.status
        except (aiohttp.ClientError, OSError):
            return HTTPStatus.BAD_GATEWAY


@asynccontextmanager
async def hostile_provider(
    seed: int, *, port: int, webhook_secret: str, simulator_url: str, intake_url: str, late_s: float
) -> AsyncIterator[HostileProvider]:
    """The provider, listening on `port`; under `/webhooks` it takes the simulator's notices."""
    provider = HostileProvider(
        seed, webhook_secret=webhook_secret, simulator_url=simulator_url, intake_url=intake_url, late_s=late_s
    )
    async with served(provider.serve, HOST, port):
        yield provider
