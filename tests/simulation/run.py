"""A plan carried out on the running system: orders are placed while providers fail and processes are killed."""

import asyncio
import math
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

from domain.payment.confirm import NO_PROVIDER
from infrastructure.simulator.faults import Faults
from interfaces.cli.shared import operator
from interfaces.composition import ChildProcess, Core
from interfaces.runtime.supervisor import Stack
from tests.crash.system import kill_serving
from tests.simulation.plan import API, PROVIDERS, WORKER, Customers, Kill, Order, Plan, Policy, Weather
from tests.support.running import Merchant, eventually
from tests.support.shopper import ATTEMPT_WITHIN_S, Shopper, next_step

PROVIDER_TIMEOUT_S: Final = 0.5
REFUSAL_STANDS_AFTER_S: Final = 0.2
SLOW_S: Final = 0.3
CUSTOMER_ACTS_AFTER_S: Final = 0.3
AT_ONCE: Final = 16
"""Orders whose first answer is waited for at the same time."""
UP_WITHIN_S: Final = 60.0
CONTROL: Final = aiohttp.ClientTimeout(total=2.0)
NOBODY_PAUSE_S: Final = 0.5
FAIR: Final = Faults()


@contextmanager
def chaos_stack(home: Path) -> Iterator[Stack]:
    """The system with three providers that are not waited for too long, on data of its own under `home`."""
    environment = {
        "TALLYSTICK_PROVIDER_TIMEOUT_S": str(PROVIDER_TIMEOUT_S),
        "TALLYSTICK_REFUSAL_STANDS_AFTER_S": str(REFUSAL_STANDS_AFTER_S),
        "TALLYSTICK_SIMULATOR_SLOW_S": str(SLOW_S),
        "TALLYSTICK_SIMULATOR_CUSTOMER_ACTS_AFTER_S": str(CUSTOMER_ACTS_AFTER_S),
    }
    with Stack(home, simulators=PROVIDERS, environment=environment) as stack:
        yield stack


class Run:
    """One plan, carried out for one merchant. `troubles` are requests that nobody answered as they should.

    `settled_within_s` is how long an outcome may stay unknown once the weather is fair."""

    def __init__(self, stack: Stack, core: Core, merchant: Merchant, plan: Plan, *, settled_within_s: float) -> None:
        self._stack = stack
        self._core = core
        self.merchant = merchant
        self.plan = plan
        self.settled_within_s = settled_within_s
        self._weather: dict[str, Faults] = dict.fromkeys(PROVIDERS, FAIR)
        self._turns: dict[str, asyncio.Lock] = {name: asyncio.Lock() for name in self._processes}
        self._places = asyncio.Semaphore(AT_ONCE)
        self._answered = 0
        self._has_answered = asyncio.Condition()
        self.shopper = Shopper(merchant)
        self.troubles: list[str] = []

    async def carry_out(self) -> None:
        """All orders, then the calm: every process runs, and every provider does its best. Raises TimeoutError."""
        happening = asyncio.create_task(self._let_happen())
        orders = [asyncio.create_task(self._placed(order)) for order in self.plan.orders]
        try:
            await happening
            async with asyncio.timeout(self.settled_within_s):
                await asyncio.gather(*orders)
        finally:
            for task in (happening, *orders):
                task.cancel()
            await asyncio.gather(happening, *orders, return_exceptions=True)
            await self._calm_down()

    @property
    def _processes(self) -> Mapping[str, ChildProcess]:
        return {API: self._stack.api, WORKER: self._stack.worker, **self._stack.simulators}

    async def _let_happen(self) -> None:
        """Each happening at its time, and none waits for the one before; at last fair weather."""
        async with asyncio.TaskGroup() as under_way:
            for happening in self.plan.happenings:
                await self._until_answered(happening.at)
                match happening:
                    case Kill():
                        under_way.create_task(self._kill(happening))
                    case Weather(provider=provider, faults=faults):
                        under_way.create_task(self._turn(provider, faults))
                    case Customers(provider=provider, approves_percent=percent):
                        under_way.create_task(self._customers_act(provider, percent))
                    case Policy(document=document):
                        await self._follow(document)
            await self._until_answered(len(self.plan.orders))
        await self._calm_down()

    async def _until_answered(self, orders: int) -> None:
        async with self._has_answered:
            await self._has_answered.wait_for(lambda: self._answered >= orders)

    async def _kill(self, kill: Kill) -> None:
        process = self._processes[kill.process]
        async with self._turns[kill.process]:
            if kill.serving and kill.process != WORKER:
                kill_serving(process)
            else:
                process.kill()
            await asyncio.sleep(kill.down_s)
            await self._up(kill.process)

    async def _up(self, name: str) -> None:
        """Runs (again) and answers. A supervisor whose servers end too often gives up, and is started like any other;
        a provider has forgotten what goes wrong at it."""
        process = self._processes[name]

        async def answers() -> bool:
            if not process.running:
                # In this thread, although it blocks: a child ends with the thread that started it.
                process.start()
            if name == API:
                return (await self.merchant.get("/health/live")).status == 200
            return name == WORKER or await self._tells_weather(name)

        await eventually(answers, f"{name} is up again", within_s=UP_WITHIN_S)

    async def _turn(self, provider: str, faults: Faults) -> None:
        async with self._turns[provider]:
            self._weather[provider] = faults
            await self._up(provider)

    async def _tells_weather(self, provider: str) -> bool:
        url = f"{self._stack.simulator_urls[provider]}/_control/faults"
        body = msgspec.json.encode(self._weather[provider])
        async with aiohttp.ClientSession(timeout=CONTROL) as http, http.post(url, data=body) as response:
            return response.status == 200

    async def _customers_act(self, provider: str, approves_percent: float) -> None:
        url = f"{self._stack.simulator_urls[provider]}/_control/customer"
        body = msgspec.json.encode({"approves_percent": approves_percent})

        async def told() -> bool:
            async with aiohttp.ClientSession(timeout=CONTROL) as http, http.post(url, data=body) as response:
                return response.status == 200

        async with self._turns[provider]:
            await eventually(told, f"customers of {provider} act")

    async def _follow(self, policy: str) -> None:
        number = await self._core.routing.commands.add(policy, operator("simulation"))
        await self._core.routing.commands.activate(number, operator("simulation"))

    async def _calm_down(self) -> None:
        for name in (API, WORKER):
            async with self._turns[name]:
                await self._up(name)
        for provider in PROVIDERS:
            await self._turn(provider, FAIR)

    async def _placed(self, order: Order) -> None:
        try:
            async with self._places:
                try:
                    payment_id = await self._paid(order)
                finally:
                    async with self._has_answered:
                        self._answered += 1
                        self._has_answered.notify_all()
            await self._followed_up(order, payment_id)
        except AssertionError as trouble:
            self.troubles.append(f"order {order.number}: {trouble}")

    async def _paid(self, order: Order) -> str:
        """The payment's id, once the merchant has been told of it."""
        key, path = f"{order.number}-pay", "/v1/payment_intents"
        reply = await self._asked(order, path, {**order.body, "confirm": not order.created_first}, key)
        payment_id: str = reply["payment_id"]
        if order.created_first:
            reply = await self._asked(
                order, f"{path}/{reply['payment_intent_id']}/confirm", {}, f"{order.number}-confirm"
            )
        if (reply["failure"] or {}).get("code") == NO_PROVIDER:
            # Nobody can take payments right now: whoever rushed on would only be told so, and meet nothing else.
            await asyncio.sleep(NOBODY_PAUSE_S)
        return payment_id

    async def _asked(
        self, order: Order, path: str, body: dict[str, Any], key: str, *, may_refuse: bool = False
    ) -> dict[str, Any]:
        """What every copy of the request is answered."""
        patience_s = ATTEMPT_WITHIN_S if order.patience_s is None else order.patience_s
        impatient = self.shopper.ask(path, body, key, patience_s=patience_s, may_refuse=may_refuse)
        copies = [self.shopper.ask(path, body, key, may_refuse=may_refuse) for _ in range(order.copies - 1)]
        first, *others = await asyncio.gather(impatient, *copies)
        # A refusal does not use up its key.
        assert may_refuse or all(other.body == first.body for other in others), (first, others)
        return first.json

    async def _followed_up(self, order: Order, payment_id: str) -> None:
        choose = random.Random(order.steps_seed)
        for number in range(order.steps_max):
            payment = await self.shopper.settled(payment_id, within_s=math.inf)
            steps = [step for _ in range(order.hands) if (step := next_step(payment, choose)) is not None]
            if not steps:
                return
            path = f"/v1/payments/{payment_id}"
            asked = [
                self._asked(order, f"{path}/{verb}", body, f"{order.number}-{number}-{hand}", may_refuse=len(steps) > 1)
                for hand, (verb, body) in enumerate(steps)
            ]
            await asyncio.gather(*asked)
