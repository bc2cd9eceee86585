"""A restored store finds at its providers what it has lost, and does none of it a second time."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import aiohttp
import pytest

from interfaces import ids
from interfaces.runtime.supervisor import Stack
from tests.support.running import NO_WEBHOOKS, Merchant, Reply, eventually, merchant_of
from tests.support.store import execute
from tests.support.turned_back import keep, operations_at, turn_back

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
PROVIDERS: Final = ("north", "south", "east")
TO_SOUTH: Final = """{"name": "south-first", "rules": [], "default": {"priority": ["south", "north", "east"]},
 "retry": {"soft_declines": [], "attempts_max": 3, "total_s_max": 60}}"""


@pytest.fixture(scope="module")
def stack(session_folder: Path) -> Iterator[Stack]:
    environment = {"TALLYSTICK_PROVIDER_TIMEOUT_S": "5.0", **NO_WEBHOOKS}
    with Stack(session_folder / "reopened-home", simulators=PROVIDERS, environment=environment) as running:
        yield running


@pytest.fixture(scope="module")
async def merchant(stack: Stack) -> AsyncIterator[Merchant]:
    async with merchant_of(stack) as made:
        yield made


async def tallystick(stack: Stack, *arguments: str) -> tuple[int, str, str]:
    """Exit code and what was printed."""
    command = [sys.executable, "-m", "interfaces.cli.main", *arguments]
    process = await asyncio.create_subprocess_exec(
        *command,
        env=stack.environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def close(stack: Stack) -> None:
    """As a restore leaves a store."""
    execute(
        stack.embedded.postgres.owner_url,
        "UPDATE store_identity SET store_id = gen_random_uuid(), closed_at = now(), closed_because = 'it was restored'",
    )

    async def is_closed() -> bool:
        async with aiohttp.ClientSession() as http, http.get(f"{stack.url}/health/ready") as reply:
            return bool((await reply.json())["status"] == "closed")

    await eventually(is_closed, "the API knows")


async def at_provider(stack: Stack, name: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Idempotency-Key": uuid4().hex}
    url = stack.simulator_urls[name] + path
    async with aiohttp.ClientSession() as http, http.post(url, json=body, headers=headers) as reply:
        assert reply.status < 300, await reply.text()
        return dict(await reply.json())


async def totals(stack: Stack) -> dict[str, dict[str, int]]:
    return {name: dict(await operations_at(url)) for name, url in stack.simulator_urls.items()}


def reference(payment_id: str) -> str:
    return str(ids.parse(payment_id, ids.PAYMENT))


async def lost_window(stack: Stack, merchant: Merchant, known: dict[str, str]) -> dict[str, Reply]:
    """What happens after the backup, each request under a key of its own."""
    told = {
        "capture": await merchant.act(known["reserved"], "capture", key="capture", amount=700, final=True),
        "refund": await merchant.act(known["taken"], "refunds", key="refund", amount=400),
        "void": await merchant.act(known["given up"], "void", key="void"),
        "confirm": await merchant.send("POST", f"/v1/payment_intents/{known['created']}/confirm", {}, key="confirm"),
        "new": await merchant.pay(1500, key="new"),
        "forgotten": await merchant.pay(3100, key="forgotten"),
        "new-reserved": await merchant.pay(2500, key="new-reserved", capture_method="manual"),
    }
    told["new-refunded"] = await merchant.act(told["new"].json["payment_id"], "refunds", key="new-refunded", amount=300)
    told["new-captured"] = await merchant.act(
        told["new-reserved"].json["payment_id"], "capture", key="new-captured", amount=2000
    )
    assert all(reply.status < 300 for reply in told.values()), told
    disputed = {"reference": reference(known["disputed"])}
    await at_provider(stack, "north", "/_control/disputes", disputed)
    return told


async def again(merchant: Merchant, known: dict[str, str], first: dict[str, Reply]) -> dict[str, Reply]:
    """The same requests under the same keys."""
    new = first["new"].json["payment_id"], first["new-reserved"].json["payment_id"]
    return {
        "new": await merchant.pay(1500, key="new"),
        "new-reserved": await merchant.pay(2500, key="new-reserved", capture_method="manual"),
        "new-refunded": await merchant.act(new[0], "refunds", key="new-refunded", amount=300),
        "new-captured": await merchant.act(new[1], "capture", key="new-captured", amount=2000),
        "capture": await merchant.act(known["reserved"], "capture", key="capture", amount=700, final=True),
        "refund": await merchant.act(known["taken"], "refunds", key="refund", amount=400),
        "void": await merchant.act(known["given up"], "void", key="void"),
        "confirm": await merchant.send("POST", f"/v1/payment_intents/{known['created']}/confirm", {}, key="confirm"),
    }


def statuses(replies: dict[str, Reply]) -> dict[str, tuple[int, str]]:
    return {name: (reply.status, reply.json["status"]) for name, reply in replies.items()}


async def test_what_was_lost_is_found_adopted_and_claimed_by_its_retry(
    stack: Stack, merchant: Merchant, folder: Path
) -> None:
    paid = {
        "reserved": await merchant.pay(capture_method="manual"),
        "taken": await merchant.pay(),
        "given up": await merchant.pay(capture_method="manual"),
        "disputed": await merchant.pay(),
        "created": await merchant.pay(confirm=False),
    }
    known = {name: reply.json["payment_id"] for name, reply in paid.items()}
    known["created"] = paid["created"].json["payment_intent_id"]
    await keep(stack)
    first = await lost_window(stack, merchant, known)
    done = await totals(stack)
    foreign = await at_provider(
        stack,
        "east",
        "/v1/charges",
        {"reference": "order-7", "amount": 900, "currency": "EUR", "token": "tok_visa", "capture": True},
    )
    await turn_back(stack)
    await close(stack)

    refused = await merchant.pay(1500, key="new")
    assert (refused.status, refused.json["type"]) == (503, "urn:tallystick:problem:store_closed")

    code, out, err = await tallystick(stack, "reopen", "--dry-run", "--json")
    assert code == 1, (out, err)
    assert json.loads(out)["to_adopt"] == 4
    assert execute(stack.settings.database_url, "SELECT count(*) FROM orphan") == [(0,)]

    code, out, err = await tallystick(stack, "reopen", "--json")
    assert code == 1, (out, err)
    assert "2 entries are unexplained" in err
    told = json.loads(out)
    assert {entry["provider"] for entry in told["unexplained"]} == {"east"}
    assert (told["adopted"], len(told["waiting"]), told["opened"]) == (4, 9, False), told
    assert (await merchant.get("/health/ready")).json["status"] == "closed"

    code, out, err = await tallystick(stack, "reopen", "--accept-unexplained", "another shop's, see ticket 7")
    assert code == 0, (out, err)
    assert "The store is OPEN." in out

    async def is_open() -> bool:
        return bool((await merchant.get("/health/ready")).json["status"] == "ready")

    await eventually(is_open, "the API notices")
    assert (await merchant.payment(known["reserved"]))["status"] == "captured"
    assert (await merchant.payment(known["taken"]))["status"] == "partially_refunded"
    assert (await merchant.payment(known["given up"]))["status"] == "voided"
    assert (await merchant.payment(known["disputed"]))["status"] == "disputed"

    policy = folder / "policy.json"
    policy.write_text(TO_SOUTH)
    assert (await tallystick(stack, "routing", "add", str(policy)))[0] == 0
    assert (await tallystick(stack, "routing", "activate", "1"))[0] == 0

    async def goes_south() -> bool:
        routed = await merchant.pay(100)
        return (await totals(stack))["south"]["charges"] > 0 and routed.status == 201

    await eventually(goes_south, "what is new goes elsewhere")
    settled = await totals(stack)

    second = await again(merchant, known, first)
    forgotten = first.pop("forgotten")
    assert statuses(second) == statuses(first)
    assert second["refund"].json["refund_id"] == first["refund"].json["refund_id"]
    after = await totals(stack)
    assert after == settled, "something was done a second time"
    assert after["east"]["charges"] == done["east"]["charges"] + 1
    assert foreign["id"]

    stack.worker.start()

    async def all_explained() -> bool:
        rows = execute(
            stack.settings.database_url,
            "SELECT provider, count(*) FROM orphan WHERE state <> 'explained' GROUP BY provider ORDER BY provider",
        )
        return rows == [("east", 2), ("north", 2)]

    await eventually(all_explained, "what waited is explained by its retry")
    new = await merchant.payment(first["new"].json["payment_id"])
    assert (new["status"], new["amount_refunded"]) == ("partially_refunded", 300)
    code, out, _ = await tallystick(stack, "ledger", "verify")
    assert (code, "The books balance." in out) == (0, True), out

    [name] = [
        orphan["name"]
        for orphan in map(json.loads, (await tallystick(stack, "orphans", "list", "--json"))[1].splitlines())
        if orphan["provider"] == "north" and orphan["fact"]["notification"]["about"] == "capture"
    ]
    code, out, err = await tallystick(stack, "orphans", "give-back", "north", name, "--reason", "nobody claims it")
    assert code == 0, (out, err)
    assert (await totals(stack))["north"]["refunded"] == done["north"]["refunded"] + 3100
    late = await merchant.pay(3100, key="forgotten")
    assert (late.status, late.json["payment_id"]) == (201, forgotten.json["payment_id"])

    async def is_refunded() -> bool:
        return bool((await merchant.payment(late.json["payment_id"]))["status"] == "refunded")

    await eventually(is_refunded, "the late retry finds its charge, which was given back")
    assert (await totals(stack))["north"]["charges"] == settled["north"]["charges"]
