"""What a payment's status does not allow is refused with that status, and changes nothing."""

import pytest

from tests.interfaces.http.expect import then_refused, unchanged
from tests.interfaces.http.given import asked, payment_that_is
from tests.support.running import Merchant

REFUSED = {
    "requires_confirmation": ("capture", "void", "refunds"),
    "requires_action": ("confirm", "capture", "void", "refunds"),
    "authorized": ("confirm", "cancel", "refunds"),
    "partially_captured": ("confirm", "cancel"),
    "captured": ("confirm", "cancel", "capture", "void"),
    "partially_refunded": ("confirm", "cancel", "capture", "void"),
    "refunded": ("confirm", "cancel", "capture", "void", "refunds"),
    "voided": ("confirm", "cancel", "capture", "void", "refunds"),
    "failed": ("confirm", "cancel", "capture", "void", "refunds"),
    "canceled": ("confirm", "capture", "void", "refunds"),
}


@pytest.mark.parametrize(("status", "verbs"), REFUSED.items(), ids=REFUSED)
async def test_an_illegal_transition_is_refused_with_the_current_status(
    merchant: Merchant, status: str, verbs: tuple[str, ...]
) -> None:
    payment_id = await payment_that_is(merchant, status)
    async with unchanged(merchant, payment_id):
        for verb in verbs:
            reply = await asked(merchant, payment_id, verb, key=f"refused-{verb}")
            then_refused(reply, 409, "illegal_transition", current_status=status)


async def test_an_amount_does_not_make_an_illegal_transition_legal(merchant: Merchant) -> None:
    payment_id = await payment_that_is(merchant, "refunded")
    async with unchanged(merchant, payment_id):
        reply = await merchant.act(payment_id, "refunds", amount=1)
        then_refused(reply, 409, "illegal_transition", current_status="refunded")
