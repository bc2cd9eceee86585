"""A merchant sees how its payment was routed, and nothing of what others' payments and our contracts went into."""

from typing import Any
from uuid import uuid4

import msgspec
import pytest

from domain.history import Positioned
from domain.identifiers import MerchantId, OperationId, PaymentId, ProviderName
from domain.payment.events import PaymentRouted
from domain.routing.candidate import Candidate, Strategy
from interfaces import ids
from interfaces.resources.payment_history import event_resource
from interfaces.runtime.supervisor import Stack
from tests.interfaces.http.reading import feed
from tests.support.running import Merchant
from tests.support.store import append_all, created, open_store, stored

NORTH, SOUTH, WEST = ProviderName("north"), ProviderName("south"), ProviderName("west")
ROUTED = PaymentRouted(
    attempt_id=OperationId(uuid4()),
    routing_policy="cards:7",
    rule="large",
    strategy=Strategy.CHEAPEST,
    draw=17,
    candidates=(
        Candidate(provider=NORTH, cost_minor=150, success_bp=8_000, latency_ms_p95=300, samples=20),
        Candidate(provider=SOUTH, cost_minor=120, success_bp=9_000, latency_ms_p95=200, samples=9_000),
        Candidate(provider=WEST, cost_minor=90, success_bp=10, latency_ms_p95=9_000, samples=7, out="circuit open"),
    ),
    chosen=SOUTH,
    reason="cheapest",
)


@pytest.fixture
async def payment_id(stack: Stack, merchant: Merchant) -> PaymentId:
    """A payment that was routed among providers with figures."""
    made, owner = PaymentId(uuid4()), MerchantId(merchant.merchant_id)
    events = [created(made, merchant_id=owner), stored(made, 2, ROUTED, merchant_id=owner)]
    async with open_store(stack.settings.database_url) as store:
        await append_all(store, events)
    return made


@pytest.mark.parametrize("where", ["events", "timeline", "feed"])
async def test_a_merchant_sees_the_decision_without_its_figures(
    merchant: Merchant, payment_id: PaymentId, where: str
) -> None:
    later = await merchant.pay()
    listed: list[dict[str, Any]]
    if where == "feed":
        listed = await feed(merchant, later)
    else:
        position = {"Tallystick-Position": later.headers["Tallystick-Position"]}
        path = f"/v1/payments/{ids.text_of(ids.PAYMENT, payment_id)}/{where}"
        listed = (await merchant.get(path, headers=position)).json[where]
    shown = listed[1]["data"]
    assert shown == msgspec.to_builtins(ROUTED) | {
        "candidates": [{"provider": "north"}, {"provider": "south"}, {"provider": "west", "out": "circuit open"}]
    }
    assert (shown["chosen"], shown["rule"], shown["strategy"]) == ("south", "large", "cheapest")


def test_an_operator_sees_it_as_it_is_stored() -> None:
    told = event_resource(Positioned(1, stored(uuid4(), 2, ROUTED)))
    assert told.data == msgspec.to_builtins(ROUTED)
