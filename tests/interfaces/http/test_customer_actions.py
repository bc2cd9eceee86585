"""A payment that waits for its customer says what the customer has to do, and goes on when the merchant asks."""

import aiohttp
import pytest

from interfaces.runtime.supervisor import Stack
from tests.support.running import Merchant, Reply, eventually


async def continued(merchant: Merchant, payment_id: str) -> Reply:
    return await merchant.send("POST", f"/v1/payment_intents/{payment_id}/continue")


@pytest.mark.parametrize(
    ("method", "token", "kind"),
    [
        ("card", "tok_3ds", "redirect"),
        ("wallet", "wallet_waits", "redirect"),
        ("upi_collect", "upi_waits", "collect"),
        ("bank_transfer", "bank_waits", "transfer"),
    ],
)
async def test_the_customer_is_told_what_to_do(merchant: Merchant, method: str, token: str, kind: str) -> None:
    paid = await merchant.pay(payment_method={"type": method, "token": token})
    assert (paid.status, paid.json["status"]) == (201, "requires_action")
    assert paid.json["next_action"]["action"]["type"] == kind
    assert (await continued(merchant, paid.json["payment_id"])).json["status"] == "requires_action"


@pytest.mark.parametrize(
    ("approves", "ended"),
    [(True, "captured"), (False, "failed")],
)
async def test_once_the_customer_has_acted_the_payment_goes_on(
    stack: Stack, merchant: Merchant, approves: bool, ended: str
) -> None:
    paid = await merchant.pay(payment_method={"type": "card", "token": "tok_3ds"}, return_url="https://shop.example/")
    payment_id = paid.json["payment_id"]
    async with aiohttp.ClientSession() as customer:
        challenge = paid.json["next_action"]["action"]["url"]
        async with customer.post(challenge.replace("/challenge", "/customer"), json={"approves": approves}) as reply:
            assert reply.status < 300

    async def has_ended() -> bool:
        return bool((await continued(merchant, payment_id)).json["status"] == ended)

    await eventually(has_ended, ended)
    again = await continued(merchant, payment_id)
    assert (again.status, again.json["status"]) == (200, ended)


async def test_a_payment_that_waits_for_nobody_stays_as_it_is(merchant: Merchant) -> None:
    paid = await merchant.pay()
    assert (await continued(merchant, paid.json["payment_intent_id"])).json["status"] == "captured"
    assert (await continued(merchant, "pi_01k0000000e008000000000000")).status == 404
