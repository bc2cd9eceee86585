"""One provider's soft no, or its silence, leads to the next one, who speaks another dialect; and the reason is kept."""

import asyncio
import sys

import pytest

from tests.interfaces.dialects.fakes import Held, Simulated, uuid_of
from tests.interfaces.dialects.shop import Shop
from tests.interfaces.dialects.system import AWAY, System

FAILED_THEN_TAKEN = [
    "payment.created",
    "payment.routed",
    "payment.attempt_started",
    "payment.attempt_failed",
    "payment.routed",
    "payment.attempt_started",
    "payment.authorized",
    "payment.captured",
]


@pytest.mark.parametrize(("currency", "first", "second"), [("USD", "checkout", "aps"), ("SAR", "aps", "checkout")])
async def test_a_soft_decline_in_one_dialect_is_taken_in_another(
    shop: Shop, system: System, currency: str, first: str, second: str
) -> None:
    declining, taking = system.fakes[first], system.fakes[second]
    assert isinstance(declining, Simulated)
    async with declining.faulty(decline_percent=100):
        payment_id = (await shop.pay(taking, currency=currency))["payment_id"]
        await shop.comes_to(payment_id, "captured")
    events = await shop.events(payment_id)
    assert [event["event"].removesuffix(".v1").removesuffix(".v2") for event in events] == FAILED_THEN_TAKEN
    assert [event["data"]["provider"] for event in events if event["event"] == "payment.attempt_started.v1"] == [
        first,
        second,
    ]
    [failed] = [event["data"] for event in events if event["event"] == "payment.attempt_failed.v1"]
    assert failed["code"] == "try_again_later"
    payment = uuid_of(await shop.payment(payment_id))
    assert (await taking.books())[payment] == Held(charges=1, reserved=0, captured=1000, refunded=0)
    assert payment not in await declining.books()


async def test_a_provider_that_nobody_reaches_is_passed_over_and_the_decision_explained(
    shop: Shop, system: System, checkout: Simulated
) -> None:
    payment_id = (await shop.pay(checkout, currency="SEK"))["payment_id"]
    await shop.comes_to(payment_id, "captured")
    assert (await shop.payment(payment_id))["authorization"]["provider"] == "checkout"
    explained = await tallystick(system, "routing", "explain", payment_id)
    for said in ("by policy by-currency:1", "rule “crowns”, priority", AWAY, "provider_unavailable", "checkout"):
        assert said in explained, explained


async def tallystick(system: System, *arguments: str) -> str:
    """What a command of ours prints."""
    command = (sys.executable, "-m", "interfaces.cli.main", *arguments)
    process = await asyncio.create_subprocess_exec(*command, env=system.environment, stdout=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()
    assert process.returncode == 0, printed
    return printed.decode()
