"""One running system with an account at each dialect: localstripe, and the simulator as Checkout.com and as APS.

Between the system and each fake stands a proxy that can lose the answers; webhooks come past it. What a payment's
currency is decides who is asked.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiohttp
import msgspec
from msgspec.structs import replace

from domain.history import Cause
from interfaces import composition
from interfaces.composition import ChildProcess
from interfaces.runtime.settings import Settings, to_environment
from interfaces.runtime.supervisor import HOST, STOP_WITHIN_S, Embedded, wait_until_listening
from tests.interfaces.dialects.fakes import Fake, Simulated, Stripe
from tests.support.localstripe import SECRET_KEY, running_localstripe
from tests.support.losing_proxy import LosingProxy, losing_proxy
from tests.support.simulator import free_port

SIMULATED: Final = ("checkout", "aps")
TIMEOUT_S: Final = 1.5
WEBHOOK_SECRETS: Final = {
    "stripe": "whsec_of_the_tests",
    "checkout": "checkout-key-of-the-tests",
    "aps": "simulated-response-phrase",
}
CREDENTIALS: Final[Mapping[str, Mapping[str, str]]] = {
    "stripe": {"secret_key": SECRET_KEY, "webhook_secret": WEBHOOK_SECRETS["stripe"]},
    "checkout": {"secret_key": "sk_of_the_tests", "webhook_secret": WEBHOOK_SECRETS["checkout"]},
    "aps": {
        "merchant_identifier": "SimMerchant",
        "access_code": "SimAccessCode",
        "sha_request_phrase": "simulated-request-phrase",
        "sha_response_phrase": WEBHOOK_SECRETS["aps"],
    },
}
AWAY: Final = "away"
"""An account at a Stripe that nobody reaches."""
POLICY: Final = """{"name": "by-currency",
 "rules": [
   {"name": "euros", "when": "currency == 'EUR'", "priority": ["stripe"]},
   {"name": "pounds", "when": "currency == 'GBP'", "priority": ["checkout"]},
   {"name": "dirhams", "when": "currency == 'AED'", "priority": ["aps"]},
   {"name": "dollars", "when": "currency == 'USD'", "priority": ["checkout", "aps"]},
   {"name": "riyals", "when": "currency == 'SAR'", "priority": ["aps", "checkout"]},
   {"name": "crowns", "when": "currency == 'SEK'", "priority": ["away", "checkout"]}
 ],
 "default": {"priority": ["stripe"]},
 "retry": {"soft_declines": ["try_again_later"], "attempts_max": 3, "total_s_max": 60}}
"""
BY_TEST: Final = Cause(actor="operator:test", request_id="req_test", trace_id="0" * 32)


class System(NamedTuple):
    """What runs, and the providers' side of it."""

    settings: Settings
    url: str
    fakes: Mapping[str, Fake]
    proxies: Mapping[str, LosingProxy]
    environment: Mapping[str, str]
    """For a command of ours on the same servers."""

    def webhooks_of(self, provider: str) -> str:
        return webhook_url(self.url, provider)


def webhook_url(api: str, provider: str) -> str:
    return f"{api}/v1/provider_webhooks/{provider}"


@asynccontextmanager
async def running_system(home: Path) -> AsyncIterator[System]:
    """Everything, on data of its own under `home`; what can start beside something else does."""
    async with AsyncExitStack() as stack:
        embedded = stack.enter_context(Embedded(home))
        settings = replace(embedded.settings, providers_file=str(home / "accounts.json"), provider_timeout_s=TIMEOUT_S)
        environment = {**os.environ, **to_environment(settings)}

        def start(name: str, *arguments: str) -> ChildProcess:
            process = composition.own_command(name, list(arguments), log=home / "log" / f"{name}.log", env=environment)
            stack.callback(process.terminate, STOP_WITHIN_S)
            process.start()
            return process

        ports = {name: composition.free_port() for name in ("api", *SIMULATED)}
        url = f"http://{HOST}:{ports['api']}"
        simulators = [
            (start(dialect, *simulator(dialect, ports[dialect], home / dialect, url)), ports[dialect])
            for dialect in SIMULATED
        ]
        stripe_url = stack.enter_context(running_localstripe(home / "localstripe.log"))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        await tell_webhooks(http, stripe_url, webhook_url(url, "stripe"))
        fakes: dict[str, Fake] = {"stripe": Stripe(http, stripe_url)}
        fakes |= {dialect: Simulated(http, f"http://{HOST}:{ports[dialect]}", dialect) for dialect in SIMULATED}
        proxies = {name: await stack.enter_async_context(losing_proxy(fake.url)) for name, fake in fakes.items()}
        composition.write_private(home / "accounts.json", msgspec.json.encode(accounts_behind(proxies)).decode())
        await asyncio.to_thread(composition.migrate_all, settings)
        await activate(settings)
        start("worker", "worker")
        api = start("api", "serve", "--port", str(ports["api"]))
        for process, port in (*simulators, (api, ports["api"])):
            wait_until_listening(process, port)
        yield System(settings, url, fakes, proxies, environment)


def simulator(dialect: str, port: int, data: Path, api: str) -> list[str]:
    """The command that runs one."""
    told = ["--webhook-url", webhook_url(api, dialect), "--webhook-secret", WEBHOOK_SECRETS[dialect]]
    named = ["--name", dialect, "--dialect", dialect, "--port", str(port), "--data", str(data)]
    return ["simulator", *named, *told]


def accounts_behind(proxies: Mapping[str, LosingProxy]) -> list[dict[str, Any]]:
    urls = {
        "stripe": proxies["stripe"].url,
        "checkout": proxies["checkout"].url + "/checkout",
        "aps": proxies["aps"].url + "/aps",
    }
    accounts: list[dict[str, Any]] = [
        {"name": name, "connector": name, "url": url, "timeout_s": TIMEOUT_S, "credentials": CREDENTIALS[name]}
        for name, url in urls.items()
    ]
    return [*accounts, {**accounts[0], "name": AWAY, "url": f"http://{HOST}:{free_port()}"}]


async def activate(settings: Settings) -> None:
    """The policy is in force before anybody asks."""
    async with composition.Core(settings) as core:
        await core.routing.commands.activate(await core.routing.commands.add(POLICY, BY_TEST), BY_TEST)


async def tell_webhooks(http: aiohttp.ClientSession, stripe: str, url: str) -> None:
    """localstripe learns where its webhooks go."""
    form = {"url": url, "secret": WEBHOOK_SECRETS["stripe"]}
    async with http.post(f"{stripe}/_config/webhooks/tallystick", data=form) as reply:
        assert reply.status == 200, await reply.text()
