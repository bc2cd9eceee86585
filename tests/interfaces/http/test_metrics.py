"""/metrics: what Prometheus reads of one server process, and who may read it."""

import json
import re

import aiohttp
import pytest

from interfaces.runtime.supervisor import Stack
from projections.views import VIEWS
from tests.interfaces.http.expect import then_refused
from tests.support.metrics import scrape
from tests.support.running import Merchant, eventually

PAY = "/v1/payment_intents"
OF_SOMEBODY = re.compile(r"_[0-9a-z]{26}|tsk_|[0-9a-f]{8}-|customer|tok_", re.IGNORECASE)


async def test_requests_appends_and_provider_calls_are_counted(stack: Stack, merchant: Merchant) -> None:
    async with aiohttp.ClientSession() as http:
        before = await scrape(http, stack.url)
        await merchant.pay()
        await merchant.pay(token="tok_declined")
        await merchant.pay(amount=-1)
        await merchant.get("/nowhere/pay_1")
        after = await scrape(http, stack.url)

    def grown(name: str, **labels: str) -> float:
        return after.value(name, **labels) - before.value(name, **labels)

    assert grown("tallystick_http_requests_total", route=PAY, method="POST", status="201") == 2
    assert grown("tallystick_http_requests_total", route=PAY, method="POST", status="400") == 1
    assert grown("tallystick_http_requests_total", route="unrouted", method="GET", status="404") == 1
    assert grown("tallystick_http_request_seconds_count", route=PAY, method="POST") == 3
    assert grown("tallystick_provider_call_seconds_count", call="authorize", outcome="approved") == 1
    assert grown("tallystick_provider_call_seconds_count", call="authorize", outcome="declined") == 1
    assert grown("tallystick_appends_total", outcome="appended") == 4
    assert grown("tallystick_append_batch_commands_sum") == 4
    assert after.value("tallystick_append_waiting_commands") == 0
    assert after.value("tallystick_append_waiting_commands_max") > 0


async def test_the_relay_and_every_view_are_shown_to_come_to_the_stores_head(stack: Stack, merchant: Merchant) -> None:
    last = int((await merchant.pay()).headers["Tallystick-Position"])
    async with aiohttp.ClientSession() as http:

        async def all_are_there() -> bool:
            told = await scrape(http, stack.url)
            positions = {
                sample.labels["follower"]: sample.value
                for family in told.families
                for sample in family.samples
                if sample.name == "tallystick_follower_position_total"
            }
            assert positions.keys() == {"relay", *VIEWS}
            return (
                told.value("tallystick_store_up") == 1
                and told.value("tallystick_store_position_total") >= last
                and min(positions.values()) >= last
                and told.value("tallystick_follower_lag_events") == 0
                and told.value("tallystick_follower_lag_seconds") == 0
                and told.value("tallystick_follower_active") == len(positions)
                and told.value("tallystick_follower_failed") == 0
            )

        await eventually(all_are_there, "the metrics show everybody at the head")


async def test_no_label_says_anything_of_a_merchant(stack: Stack, merchant: Merchant) -> None:
    payment_id = (await merchant.pay()).json["payment_id"]
    await merchant.get(f"/v1/payments/{payment_id}")
    await merchant.get(f"/v1/payments?customer_id={merchant.merchant_id}")
    await merchant.send(merchant.merchant_id.upper(), "/v1/payments")
    async with aiohttp.ClientSession() as http:
        told = await scrape(http, stack.url)
    labels = {value for family in told.families for sample in family.samples for value in sample.labels.values()}
    assert {label for label in labels if OF_SOMEBODY.search(label)} == set()
    assert "/v1/payments/{payment_id}" in labels


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "Via"])
async def test_who_comes_through_a_proxy_gets_nothing(merchant: Merchant, header: str) -> None:
    reply = await merchant.get("/metrics", headers={header: "for=192.0.2.1"})
    then_refused(reply, 404, "not_found")


async def test_the_public_document_does_not_mention_it(merchant: Merchant) -> None:
    assert "metrics" not in json.dumps((await merchant.get("/openapi.json")).json)
