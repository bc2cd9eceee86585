"""kill -9 of the API between intent and outcome: the worker finds the outcome, and the key's answer is there."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

import aiohttp

from application.payment.operation_queue import UnresolvedOperation
from interfaces.composition import Core, utc_now
from interfaces.runtime.supervisor import Stack
from tests.crash.books import assert_every_promise_holds
from tests.crash.system import answer, until_listening
from tests.support.running import Merchant, Reply, eventually, merchant_of

PAY, CAPTURE, REFUND, NEVER_SENT = "pay", "capture", "refund", "never-sent"


async def test_a_killed_api_leaves_no_operation_without_an_outcome(stack: Stack) -> None:
    async with merchant_of(stack) as merchant, Core(stack.settings) as core:
        authorized = await merchant.pay(token="tok_capture_timeout", capture_method="manual")
        captured = await merchant.pay(token="tok_refund_timeout")
        to_capture, to_refund = authorized.json["payment_id"], captured.json["payment_id"]
        requests: dict[str, tuple[str, dict[str, Any]]] = {
            PAY: ("/v1/payment_intents", _payment_by("tok_slow")),
            CAPTURE: (f"/v1/payments/{to_capture}/capture", {}),
            REFUND: (f"/v1/payments/{to_refund}/refunds", {"amount": 400}),
            NEVER_SENT: ("/v1/payment_intents", _payment_by("tok_visa")),
        }

        at_the_provider = [_sent(merchant, key, *requests[key]) for key in (PAY, CAPTURE, REFUND)]
        operations = await _unresolved(core, 3)
        await _all_reached_the_provider(stack, [operation.operation_id for operation in operations])
        os.killpg(stack.simulator.pid, signal.SIGSTOP)
        never_sent = _sent(merchant, NEVER_SENT, *requests[NEVER_SENT])
        await _unresolved(core, 4)
        # Or it would ask a provider that is away, and the answer would be that nothing is known yet.
        os.killpg(stack.worker.pid, signal.SIGSTOP)
        stack.api.kill()
        stack.simulator.kill()
        outcomes = await asyncio.gather(*at_the_provider, never_sent, return_exceptions=True)
        assert all(isinstance(outcome, aiohttp.ClientError) for outcome in outcomes), "the API answered before it died"
        await _unresolved(core, 4)

        stack.simulator.start()
        stack.api.start()
        await until_listening(stack.simulator, stack.settings.simulator_url)
        os.killpg(stack.worker.pid, signal.SIGCONT)
        await until_listening(stack.api, stack.url)
        answers = {key: await answer(merchant, *requests[key], key) for key in requests}
        assert {key: reply.status for key, reply in answers.items()} == {
            PAY: 201,
            CAPTURE: 200,
            REFUND: 201,
            NEVER_SENT: 201,
        }
        assert {reply.headers["Idempotency-Replayed"] for reply in answers.values()} == {"true"}
        paid, never_sent_paid = answers[PAY].json["payment_id"], answers[NEVER_SENT].json["payment_id"]
        # On a busy machine the provider may take longer than recovery waits for it: it is asked again then.
        for key, payment_id, status in (
            (PAY, paid, "captured"),
            (CAPTURE, to_capture, "captured"),
            (REFUND, to_refund, "partially_refunded"),
            (NEVER_SENT, never_sent_paid, "captured"),
        ):
            assert answers[key].json["status"] in {"captured", "succeeded", "processing", "pending"}
            await _comes_to(merchant, payment_id, status)
            history = (await merchant.get(f"/v1/payments/{payment_id}/events")).json["events"]
            assert history[-1]["actor"] == "worker:recovery", key
        await _unresolved(core, 0)
    await assert_every_promise_holds(stack)


async def test_a_worker_that_starts_leaves_what_a_living_api_is_at_to_the_api(stack: Stack) -> None:
    async with merchant_of(stack) as merchant, Core(stack.settings) as core:
        paying = _sent(merchant, PAY, "/v1/payment_intents", _payment_by("tok_slow"))
        await _unresolved(core, 1)
        stack.worker.kill()
        stack.worker.start()
        reply = await paying
        assert reply.json["status"] == "captured"
        history = (await merchant.get(f"/v1/payments/{reply.json['payment_id']}/events")).json["events"]
        assert {event["actor"] for event in history} == {f"key:{merchant.key_id}"}


def _payment_by(token: str) -> dict[str, Any]:
    return {
        "customer_id": "customer-1",
        "amount": 1000,
        "currency": "EUR",
        "payment_method": {"type": "card", "token": token},
        "confirm": True,
    }


def _sent(merchant: Merchant, key: str, path: str, body: dict[str, Any]) -> asyncio.Task[Reply]:
    sending: Coroutine[Any, Any, Reply] = merchant.send("POST", path, body, key=key)
    return asyncio.create_task(sending)


async def _comes_to(merchant: Merchant, payment_id: str, status: str) -> None:
    async def there() -> bool:
        return bool((await merchant.payment(payment_id))["status"] == status)

    await eventually(there, f"{payment_id} is {status}")


async def _unresolved(core: Core, number: int) -> list[UnresolvedOperation]:
    found: list[UnresolvedOperation] = []

    async def as_many() -> bool:
        found[:] = await core.payment.operation_queue.unresolved(claimed_before=utc_now())
        return len(found) == number

    await eventually(as_many, f"{number} operations without an outcome")
    return found


async def _all_reached_the_provider(stack: Stack, operation_ids: list[UUID]) -> None:
    async with aiohttp.ClientSession() as http:

        async def knows_all() -> bool:
            for operation_id in operation_ids:
                async with http.get(f"{stack.settings.simulator_url}/v1/operations/{operation_id}") as response:
                    if response.status != 200:
                        return False
            return True

        await eventually(knows_all, "the provider has the operations")
