"""A shop as a merchant's developer would write it: over HTTP, with idempotency keys, repeating on Retry-After."""

import asyncio
import time
from http import HTTPStatus
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

import aiohttp

from interfaces.demo.orders import Order, Step

ANSWER_WITHIN_S = 60.0
_POLL_S = 0.05


class Reply(NamedTuple):
    status: int
    body: bytes
    json: dict[str, Any]


class Result(NamedTuple):
    """The result of one order."""

    payment_id: str | None
    """None when the API refused the payment."""
    confirm_ms: float
    duplicate_differed: bool | None
    """None when the order was sent once."""
    refusal: str | None = None
    """The refused step and the reason; the steps after it were left out."""


class _StepRefused(Exception):
    """The API refused a step; the text names the step and the reason."""


class Shop:
    """One merchant's connection to the API."""

    def __init__(self, http: aiohttp.ClientSession, url: str, secret: str, run: str) -> None:
        self._http = http
        self._url = url
        self._headers = {"Authorization": f"Bearer {secret}"}
        self._run = run

    async def place(self, order: Order, *, twice: bool) -> Result:
        """Pay for an order and do its steps; `twice` sends the payment two times at the same moment."""
        body = {
            "customer_id": order.customer,
            "amount": order.amount.minor,
            "currency": order.amount.currency,
            "payment_method": {"type": "card", "token": order.card},
            "capture_method": order.capture_method,
            "confirm": True,
        }
        started = time.perf_counter()
        sending = [self._post("/v1/payment_intents", body, self._key(order)) for _ in range(1 + twice)]
        first, *repeats = await asyncio.gather(*sending)
        confirm_ms = (time.perf_counter() - started) * 1000
        differed = any((first.status, first.body) != (repeat.status, repeat.body) for repeat in repeats)
        duplicate_differed = differed if twice else None
        if first.status >= HTTPStatus.BAD_REQUEST:
            # Refusals differ in their request ids only.
            return Result(None, confirm_ms, None, f"order {order.order}: {_reason(first)}")
        payment_id: str = first.json["payment_id"]
        payment = await self._settled(first.json)
        if payment["status"] in ("authorized", "captured"):
            try:
                for number, step in enumerate(order.then):
                    await self._follow(payment_id, order, number, step)
            except _StepRefused as refused:
                return Result(payment_id, confirm_ms, duplicate_differed, str(refused))
        return Result(payment_id, confirm_ms, duplicate_differed)

    async def pay(self, order: str) -> dict[str, Any]:
        """The API's reply to a payment of 25.00 EUR by a working card, captured at once."""
        body = {
            "customer_id": "customer-demo",
            "amount": 2_500,
            "currency": "EUR",
            "payment_method": {"type": "card", "token": "tok_visa"},
            "confirm": True,
        }
        return (await self._post("/v1/payment_intents", body, f"{self._run}-{order}")).json

    async def get(self, path: str) -> dict[str, Any]:
        async with self._http.get(self._url + path, headers=self._headers) as response:
            response.raise_for_status()
            answer: dict[str, Any] = await response.json()
            return answer

    def _key(self, order: Order) -> str:
        """An idempotency key for the order, of characters that a key may have."""
        return f"{self._run}-{uuid5(NAMESPACE_URL, order.order)}"

    async def _follow(self, payment_id: str, order: Order, number: int, step: Step) -> None:
        path = "refunds" if step.kind == "refund" else step.kind
        body: dict[str, Any] = {} if step.amount is None else {"amount": step.amount.minor}
        if step.open:
            body["final"] = False
        key = f"{self._key(order)}-{number}"
        reply = await self._post(f"/v1/payments/{payment_id}/{path}", body, key)
        if reply.status >= HTTPStatus.BAD_REQUEST:
            amount = "" if step.amount is None else f" {step.amount}"
            raise _StepRefused(f"order {order.order}, {step.kind}{amount}: {_reason(reply)}")
        await self._settled(await self.get(f"/v1/payments/{payment_id}"))

    async def _settled(self, payment: dict[str, Any]) -> dict[str, Any]:
        """The payment, once none of its operations is in flight. Raises TimeoutError."""
        deadline = time.monotonic() + ANSWER_WITHIN_S
        while (payment["operation"] or {}).get("status") == "pending":
            if time.monotonic() > deadline:
                raise TimeoutError(f"{payment['payment_id']} has no outcome after {ANSWER_WITHIN_S:.0f} s")
            await asyncio.sleep(_POLL_S)
            payment = await self.get(f"/v1/payments/{payment['payment_id']}")
        return payment

    async def _post(self, path: str, body: dict[str, Any], key: str) -> Reply:
        """The reply; a 409 or 503 with Retry-After is repeated with the same key. Raises TimeoutError."""
        headers = self._headers | {"Idempotency-Key": key}
        deadline = time.monotonic() + ANSWER_WITHIN_S
        while True:
            async with self._http.post(self._url + path, json=body, headers=headers) as response:
                raw = await response.read()
                if "Retry-After" not in response.headers:
                    return Reply(response.status, raw, await response.json(content_type=None))
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{path}: {response.status} {raw.decode()}")
                await asyncio.sleep(min(1.0, float(response.headers["Retry-After"])) / 4)


def _reason(reply: Reply) -> str:
    """The problem's detail, or the whole body."""
    said = reply.json.get("detail") if isinstance(reply.json, dict) else None
    return f"refused with {reply.status}: {said or reply.body.decode(errors='replace')}"
