"""On the running system what is due becomes available by itself."""

from datetime import timedelta
from uuid import uuid4

from msgspec.structs import replace

from application.write.recording import record_all
from application.write.store import Append
from domain.history import Cause
from domain.identifiers import MerchantId, PaymentId
from domain.payment.events import PaymentAuthorized, PaymentCaptured, PaymentCreated
from interfaces.composition import Core, utc_now
from interfaces.runtime.supervisor import Stack
from tests.support.domain import captured
from tests.support.running import Merchant, eventually
from tests.support.store import assert_appended


async def test_what_is_due_becomes_available_by_itself(merchant: Merchant, stack: Stack) -> None:
    now = utc_now()
    payment_id = PaymentId(uuid4())
    owner = MerchantId(merchant.merchant_id)
    history = []
    for event in captured():
        if isinstance(event, PaymentCreated | PaymentAuthorized | PaymentCaptured):
            event = replace(event, merchant_id=owner)
        if isinstance(event, PaymentCaptured):
            event = replace(event, proceeds=replace(event.proceeds, due=now - timedelta(hours=1)))
        history.append(event)
    cause = Cause(actor="key:test", request_id="req_test", trace_id="0" * 32)
    events = record_all(payment_id, 0, history, merchant_id=owner, cause=cause, now=now)
    async with Core(stack.settings) as core:
        assert_appended(await core.store.append(Append(events=events)))

    async def is_available() -> bool:
        balances = (await merchant.get("/v1/balances")).json["balances"]
        return [(each["pending"], each["available"]) for each in balances] == [(0, 10_000 - 320)]

    await eventually(is_available, "the lot is released", within_s=20)
    assert (await merchant.get("/v1/balances/upcoming")).json == {"upcoming": []}
