"""One API, three providers: what a merchant asks for comes about, in the provider's books as in ours."""

import asyncio

import pytest

from tests.interfaces.dialects.fakes import Fake, Held, Simulated, uuid_of
from tests.interfaces.dialects.shop import Shop, new_key
from tests.interfaces.http.expect import then_refused


async def held(fake: Fake, shop: Shop, payment_id: str) -> Held:
    return (await fake.books())[uuid_of(await shop.payment(payment_id))]


async def test_authorised_and_captured_at_once(shop: Shop, fake: Fake) -> None:
    payment = await shop.payment(await shop.captured(fake))
    assert payment["authorization"]["provider"] == fake.name
    assert (payment["amount_captured"], payment["amount_capturable"]) == (1000, 0)
    assert await held(fake, shop, payment["payment_id"]) == Held(charges=1, reserved=0, captured=1000, refunded=0)


async def test_authorised_captured_in_part_and_refunded(shop: Shop, fake: Fake) -> None:
    payment_id = await shop.authorized(fake)
    assert await held(fake, shop, payment_id) == Held(charges=1, reserved=1000, captured=0, refunded=0)
    await shop.asked(payment_id, "capture", amount=400)
    await shop.comes_to(payment_id, "captured")
    await shop.asked(payment_id, "refunds", amount=150)
    await shop.comes_to(payment_id, "partially_refunded")
    await shop.asked(payment_id, "refunds")
    await shop.comes_to(payment_id, "refunded")
    rest = 600 if fake.keeps_the_rest else 0
    assert await held(fake, shop, payment_id) == Held(charges=1, reserved=rest, captured=400, refunded=400)


async def test_voided(shop: Shop, fake: Fake) -> None:
    payment_id = await shop.authorized(fake)
    await shop.asked(payment_id, "void")
    await shop.comes_to(payment_id, "voided")
    assert await held(fake, shop, payment_id) == Held(charges=1, reserved=0, captured=0, refunded=0)


@pytest.mark.parametrize("capture_method", ["automatic", "manual"])
async def test_a_decline_has_the_same_words_everywhere(shop: Shop, fake: Fake, capture_method: str) -> None:
    declined = await shop.pay(fake, token=fake.declined, capture_method=capture_method)
    assert (declined["status"], declined["failure"]["code"]) == ("failed", fake.declined_code)


async def test_one_key_is_one_charge_and_one_refund_even_where_the_provider_knows_no_keys(
    shop: Shop, fake: Fake
) -> None:
    key = new_key()
    replies = await asyncio.gather(
        *(shop.merchant.pay(1000, fake.currency, token=fake.approved, key=key) for _ in range(4))
    )
    assert {reply.status for reply in replies} <= {201, 409}
    payment_id = (await shop.pay(fake, key=key))["payment_id"]
    await shop.comes_to(payment_id, "captured")
    again = await shop.merchant.pay(1000, fake.currency, token=fake.approved, key=key)
    assert again.headers["Idempotency-Replayed"] == "true"
    for _ in range(2):
        assert (await shop.asked(payment_id, "refunds", key=f"{key}-back", amount=300)).status == 201
        await shop.comes_to(payment_id, "partially_refunded")
    assert await held(fake, shop, payment_id) == Held(charges=1, reserved=0, captured=1000, refunded=300)


async def test_more_than_was_captured_is_never_given_back_whatever_the_provider_would_accept(
    shop: Shop, fake: Fake
) -> None:
    payment_id = await shop.authorized(fake)
    await shop.asked(payment_id, "capture", amount=400)
    await shop.comes_to(payment_id, "captured")
    then_refused(await shop.asked(payment_id, "refunds", amount=401), 422, "refund_exceeds_captured", field="amount")
    await shop.asked(payment_id, "refunds", amount=300)
    await shop.comes_to(payment_id, "partially_refunded")
    then_refused(await shop.asked(payment_id, "refunds", amount=101), 422, "refund_exceeds_captured", field="amount")
    assert (await held(fake, shop, payment_id)).refunded == 300


async def test_a_provider_that_takes_its_time_is_not_taken_for_one_that_fails(shop: Shop, checkout: Simulated) -> None:
    """Checkout.com accepts what it does later: however many in a row, the next one is still asked for."""
    paid = [await shop.pay(checkout, token="tok_pending_capture", capture_method="manual") for _ in range(7)]
    for payment in paid:
        accepted = await shop.asked(payment["payment_id"], "capture")
        assert accepted.json["operation"]["status"] == "pending", accepted
    for payment in paid:
        await shop.comes_to(payment["payment_id"], "captured")
