"""The logs: one JSON object a line, each request to be found by its ids, and no secret in any of them."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

from interfaces.runtime.supervisor import Stack
from tests.support.running import Merchant, eventually

CARD_NUMBER = "4242424242424242"


def _lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


async def _line_of(stack: Stack, request_id: str) -> dict[str, Any]:
    """The line of a request, once it is written."""
    log, found = stack.logs / "api.log", list[dict[str, Any]]()

    async def is_written() -> bool:
        found[:] = [line for line in _lines(log) if line.get("request_id") == request_id and line["event"] == "request"]
        return bool(found)

    await eventually(is_written, f"the log line of {request_id}")
    [line] = found
    return line


async def test_each_request_has_one_line_with_its_ids(stack: Stack, merchant: Merchant) -> None:
    trace_id = uuid4().hex
    reply = await merchant.get("/v1/payments", headers={"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"})
    line = await _line_of(stack, reply.headers["X-Request-Id"])
    assert (line["method"], line["path"], line["status"]) == ("GET", "/v1/payments", 200)
    assert (line["trace_id"], line["level"], line["logger"]) == (trace_id, "info", "interfaces.http.server.context")
    assert line["ms"] > 0


async def test_a_request_that_led_nowhere_has_its_line_too(stack: Stack, merchant: Merchant) -> None:
    for method, path, status in (
        ("GET", "/nowhere", 404),
        ("DELETE", "/v1/payments", 405),
        ("GET", "/v1/payments", 401),
    ):
        reply = await merchant.send(method, path, headers={"Authorization": ""})
        line = await _line_of(stack, reply.headers["X-Request-Id"])
        assert (line["method"], line["path"], line["status"]) == (method, path, status)
        assert line["trace_id"]


async def test_every_line_of_the_api_and_the_worker_is_json_with_its_level_and_time(
    stack: Stack, merchant: Merchant
) -> None:
    paid = await merchant.pay(token="tok_error_5xx")
    await _line_of(stack, paid.headers["X-Request-Id"])
    for name in ("api.log", "worker.log"):
        for line in _lines(stack.logs / name):
            assert {"event", "level", "timestamp"} <= line.keys(), line


async def test_no_secret_is_in_any_log(stack: Stack, merchant: Merchant) -> None:
    unknown_key = "tsk_" + uuid4().hex
    token = "tok_" + uuid4().hex
    await merchant.pay()
    await merchant.pay(token=token)
    await merchant.pay(token=f"tok_{CARD_NUMBER}")
    await merchant.pay(customer_id=CARD_NUMBER)
    await merchant.pay(key=CARD_NUMBER)
    await merchant.get(f"/v1/payments/{CARD_NUMBER}")
    await merchant.get(f"/v1/payments/{merchant.secret}?customer_id={CARD_NUMBER}")
    await merchant.get("/v1/payments", headers={"X-Request-Id": CARD_NUMBER})
    await merchant.get("/v1/payments", headers={"Authorization": f"Bearer {unknown_key}"})
    last = await merchant.get("/v1/payments", headers={"Authorization": f"Basic {unknown_key}"})
    await _line_of(stack, last.headers["X-Request-Id"])

    database_secret = stack.settings.database_url.split("@")[0].rpartition(":")[2]
    for log in stack.logs.iterdir():
        text = log.read_text(errors="replace")
        for secret in (merchant.secret, unknown_key, token, CARD_NUMBER, database_secret):
            assert secret not in text, f"{secret[:8]}… in {log.name}"
