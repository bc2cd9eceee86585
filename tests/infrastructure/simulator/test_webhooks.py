"""Every effect is told exactly as often as the faults say: once, signed, and again until it is taken."""

import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.infrastructure.simulator.api import Api, Json
from tests.support.receiver import Delivery, Receiver, receiving
from tests.support.simulator import HOST, SimulatorProcess, free_port

SECRET = "whsec_of_a_test"


@pytest.fixture(scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def simulator(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Any:
    with SimulatorProcess(tmp_path_factory.mktemp("simulator"), **telling(receiver.url)) as simulator:
        yield simulator


@pytest.fixture
async def api(simulator: SimulatorProcess) -> AsyncIterator[Api]:
    api = Api(simulator.base_url)
    yield api
    await api.set_faults()
    await api.aclose()


def telling(url: str) -> dict[str, str]:
    return {
        "TALLYSTICK_SIMULATOR_WEBHOOK_URL": url,
        "TALLYSTICK_SIMULATOR_WEBHOOK_SECRET": SECRET,
        "TALLYSTICK_SIMULATOR_CUSTOMER_ACTS_AFTER_S": "0.05",
    }


def of(reference: str, deliveries: list[Delivery]) -> list[Json]:
    return [told.json for told in deliveries if told.json["data"]["reference"] == reference]


def told(reference: str, count: int) -> Callable[[list[Delivery]], bool]:
    return lambda deliveries: len(of(reference, deliveries)) >= count


async def types_told(receiver: Receiver, reference: str, count: int) -> list[str]:
    return [event["type"] for event in of(reference, await receiver.until(told(reference, count)))]


async def test_a_notice_says_what_happened_to_which_request(api: Api, receiver: Receiver) -> None:
    charge_id = await api.charge_id(key="told", reference="told", amount=700)
    (event,) = of("told", await receiver.until(told("told", 1)))
    assert event["type"] == "charge.authorized"
    assert event["data"] == {
        "id": charge_id,
        "charge": charge_id,
        "reference": "told",
        "operation_key": "told",
        "amount": 700,
        "currency": "EUR",
    }


async def test_a_notice_is_signed_with_its_time(api: Api, receiver: Receiver) -> None:
    await api.charge(reference="signed")
    (delivery,) = [
        delivery
        for delivery in await receiver.until(told("signed", 1))
        if delivery.json["data"]["reference"] == "signed"
    ]
    sent, signature = (part.partition("=")[2] for part in delivery.headers["simulator-signature"].split(","))
    expected = hmac.new(SECRET.encode(), sent.encode() + b"." + delivery.body, hashlib.sha256).hexdigest()
    assert signature == expected
    assert abs(time.time() - int(sent)) < 60


async def test_every_effect_is_told_in_order(api: Api, receiver: Receiver) -> None:
    charge_id = await api.charge_id(reference="life", amount=1_000)
    await types_told(receiver, "life", 1)
    capture = await api.capture(charge_id, 600, key="life-capture")
    await types_told(receiver, "life", 2)
    refund = await api.refund(charge_id, 200)
    await types_told(receiver, "life", 3)
    void = await api.void(charge_id)
    events = of("life", await receiver.until(told("life", 4)))
    assert [(event["type"], event["data"]["id"], event["data"]["amount"]) for event in events] == [
        ("charge.authorized", charge_id, 1_000),
        ("capture.succeeded", capture.json["id"], 600),
        ("refund.succeeded", refund.json["id"], 200),
        ("void.succeeded", void.json["id"], 400),
    ]
    assert events[1]["data"]["operation_key"] == "life-capture"
    assert {event["data"]["charge"] for event in events} == {charge_id}


async def test_a_charge_captured_at_once_is_told_as_authorised_and_then_as_captured(
    api: Api, receiver: Receiver
) -> None:
    await api.charge(reference="at-once", capture=True, key="at-once")
    events = of("at-once", await receiver.until(told("at-once", 2)))
    assert [event["type"] for event in events] == ["charge.authorized", "charge.captured"]
    assert {event["data"]["operation_key"] for event in events} == {"at-once"}


async def test_refusals_are_told_with_their_reason(api: Api, receiver: Receiver) -> None:
    await api.charge("tok_expired_card", reference="expired")
    (event,) = of("expired", await receiver.until(told("expired", 1)))
    assert (event["type"], event["data"]["code"]) == ("charge.declined", "expired_card")
    charge_id = await api.charge_id("tok_capture_declined", reference="no-capture")
    await api.capture(charge_id, 1)
    assert await types_told(receiver, "no-capture", 2) == ["charge.authorized", "capture.declined"]


@pytest.mark.parametrize(
    ("token", "types"),
    [
        ("tok_3ds_approves", ["charge.requires_action", "charge.authorized", "charge.captured"]),
        ("tok_3ds_declines", ["charge.requires_action", "charge.declined"]),
    ],
)
async def test_a_customers_decision_is_told(api: Api, receiver: Receiver, token: str, types: list[str]) -> None:
    waiting = await api.charge(token, reference=token, capture=True)
    assert await types_told(receiver, token, len(types)) == types
    first, *others = of(token, receiver.deliveries)
    assert first["data"]["action"] == waiting.json["action"]
    assert not any("action" in event["data"] for event in others)


async def test_an_accepted_capture_is_told_when_it_is_done(api: Api, receiver: Receiver) -> None:
    accepted = await api.capture(await api.charge_id("tok_pending_capture", reference="accepted"), 500)
    assert accepted.status == 202
    assert await types_told(receiver, "accepted", 2) == ["charge.authorized", "capture.succeeded"]
    assert of("accepted", receiver.deliveries)[1]["data"]["id"] == accepted.json["id"]


async def test_a_notice_is_sent_again_until_it_is_taken(api: Api, receiver: Receiver) -> None:
    receiver.refusals = [500, 404, 302]
    await api.charge(reference="refused")
    events = of("refused", await receiver.until(told("refused", 4)))
    assert len({event["id"] for event in events}) == 1


async def test_a_repeated_request_is_told_once(api: Api, receiver: Receiver) -> None:
    for _ in range(3):
        await api.charge(key="told-once", reference="told-once")
    await api.charge(reference="behind")
    await receiver.until(told("behind", 1))
    assert len(of("told-once", receiver.deliveries)) == 1


async def test_faults_double_and_drop_notices(api: Api, receiver: Receiver) -> None:
    await api.set_faults(webhooks={"duplicate_percent": 100, "delay_s_max": 0.05})
    await api.charge(reference="doubled")
    first, second = of("doubled", await receiver.until(told("doubled", 2)))
    assert first == second
    await api.set_faults(webhooks={"drop_percent": 100})
    await api.charge(reference="dropped")
    await api.set_faults()
    await api.charge(reference="not-dropped")
    await receiver.until(told("not-dropped", 1))
    assert of("dropped", receiver.deliveries) == []


async def test_a_muted_provider_tells_later(api: Api, receiver: Receiver) -> None:
    await api.set_faults(webhooks={"muted": True})
    await api.charge(reference="muted")
    assert of("muted", receiver.deliveries) == []
    await api.set_faults()
    assert await types_told(receiver, "muted", 1) == ["charge.authorized"]


async def test_what_was_not_taken_before_a_kill_9_is_told_afterwards(tmp_path: Path) -> None:
    """Also that a customer acts by itself who would have acted while the provider was away."""
    port = free_port()
    reference = uuid4().hex
    with SimulatorProcess(tmp_path, **telling(f"http://{HOST}:{port}/webhooks")) as simulator:
        api = Api(simulator.base_url)
        await api.charge("tok_3ds_approves", reference=reference)
        simulator.kill()
        async with receiving(port) as receiver:
            simulator.start()
            types = await types_told(receiver, reference, 2)
            assert sorted(set(types)) == ["charge.authorized", "charge.requires_action"]
        await api.aclose()
