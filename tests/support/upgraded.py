"""What becomes of a golden home under this version: upgraded, compared with a replay, verified, and paid with."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
from click.testing import CliRunner, Result

from interfaces.cli.main import main
from interfaces.ids import parse
from interfaces.runtime.supervisor import Embedded, Stack
from tests.support.golden_homes import Facts
from tests.support.running import Merchant, eventually

SELECT_STATES = "SELECT payment_id, status, amount_minor, currency FROM views.payment_status"
SELECT_BALANCES = "SELECT account, currency, balance_minor FROM account_balance ORDER BY account, currency"


def command(home: Path, *arguments: str) -> Result:
    """One of our commands on that home, to its end."""
    return CliRunner().invoke(main, arguments, env={"TALLYSTICK_HOME": str(home)})


def faults_of_upgrade(home: Path, facts: Facts) -> list[str]:
    """Upgrade the home of an earlier version, and use it; what is not as it was, or does not go on."""
    # Its servers are started once for all the commands.
    with Embedded(home) as embedded:
        faults = [*_upgraded(home), *faults_of_rows(embedded.settings.database_url, facts)]
    environment = {"TALLYSTICK_PROVIDER_TIMEOUT_S": "2"}
    with Stack(home, simulators=tuple(facts["simulators"]), environment=environment) as stack:
        return [*faults, *asyncio.run(_should_reroute(stack, facts))]


def _upgraded(home: Path) -> list[str]:
    """Twice: the second time there is nothing to do."""
    faults = []
    for arguments in (["upgrade", "--dry-run"], ["upgrade"], ["replay"], ["ledger", "verify"], ["upgrade"]):
        done = command(home, *arguments)
        if done.exit_code:
            faults.append(f"{' '.join(arguments)}: {done.output[-500:]} {done.exception!r}")
    if "Nothing is missing." not in done.output:
        faults.append(f"something is still missing after an upgrade: {done.output}")
    return faults


def faults_of_rows(database_url: str, facts: Facts) -> list[str]:
    """What differs in an upgraded store from what its version said. No worker has run yet: nothing is due that was not
    then."""
    with psycopg.connect(database_url) as connection:
        states = {str(row[0]): row[1:] for row in connection.execute(SELECT_STATES).fetchall()}
        balances = [[code, currency, int(minor)] for code, currency, minor in connection.execute(SELECT_BALANCES)]
        [(head,)] = connection.execute("SELECT max(notification_id) FROM stored_events").fetchall()
    faults = [] if head == facts["head"] else [f"the store stands at {head}, not {facts['head']}"]
    if balances != facts["account_balances"]:
        faults.append("the balances are others than they were")
    for payment in facts["payments"]:
        was = (payment["status"], payment["amount"], payment["currency"])
        found = states.get(str(parse(payment["payment_id"], "pay")))
        if payment["made_as"] and found != was:
            faults.append(f"{payment['made_as']}: was {was}, and is {found}")
    return faults


async def _should_reroute(stack: Stack, facts: Facts) -> list[str]:
    """Lists, a new payment, refunds and a capture of old ones, by the keys that its merchants had."""
    faults = []
    for of_home in facts["merchants"]:
        async with _merchant(stack, of_home) as merchant:
            for path in ("/v1/payments?limit=100", "/v1/events", "/v1/balances", "/v1/refunds", "/v1/disputes"):
                if (reply := await merchant.get(path)).status != 200:
                    faults.append(f"{path}: {reply.status} {reply.json}")
            paid = (await merchant.pay(1_000)).json
            await eventually(lambda m=merchant, p=paid: _has_status(m, p["payment_id"], "captured"), "a new payment")  # type: ignore[misc]
    [old] = [each for each in facts["payments"] if each["made_as"] == "to-refund"]
    async with _merchant(stack, facts["merchants"][0]) as merchant:
        refunded = await merchant.act(old["payment_id"], "refunds", amount=old["amount"] - 100)
        if refunded.json.get("status") != "succeeded":
            faults.append(f"an old payment's refund: {refunded.status} {refunded.json}")
    return faults


async def _has_status(merchant: Merchant, payment_id: str, status: str) -> bool:
    return bool((await merchant.payment(payment_id))["status"] == status)


@asynccontextmanager
async def _merchant(stack: Stack, of_home: dict[str, Any]) -> AsyncIterator[Merchant]:
    """A merchant of the home, by the key that it had then."""
    async with aiohttp.ClientSession() as http:
        yield Merchant(http, stack.url, of_home["merchant_id"], "", of_home["secret"])
