"""3-D Secure: the customer acts at the provider, the provider's webhook tells, and the payment goes on by itself."""

from collections.abc import Mapping

import pytest

from tests.interfaces.dialects.fakes import Fake
from tests.interfaces.dialects.shop import RETURN_URL, Shop
from tests.interfaces.dialects.system import SIMULATED


async def test_the_customer_acts_and_the_webhook_brings_the_payment_home(shop: Shop, fake: Fake) -> None:
    waiting = await shop.pay(fake, token=await fake.challenged(), return_url=RETURN_URL)
    assert (waiting["status"], waiting["next_action"]["action"]["type"]) == ("requires_action", "redirect")
    await fake.customer_approves(waiting)
    await shop.comes_to(waiting["payment_id"], "captured")
    [authorized] = [e for e in await shop.events(waiting["payment_id"]) if e["event"] == "payment.authorized.v1"]
    assert authorized["actor"] == f"psp:{fake.name}"
    assert authorized["causation_id"].startswith("webhook:")


@pytest.mark.parametrize("provider", SIMULATED)
async def test_a_customer_who_fails_the_challenge_has_not_paid(
    shop: Shop, fakes: Mapping[str, Fake], provider: str
) -> None:
    """localstripe tells nobody of one."""
    waiting = await shop.pay(fakes[provider], token="tok_3ds_declines", return_url=RETURN_URL)
    await shop.comes_to(waiting["payment_id"], "failed")
    assert (await shop.payment(waiting["payment_id"]))["failure"]["code"] == "authentication_failed"
