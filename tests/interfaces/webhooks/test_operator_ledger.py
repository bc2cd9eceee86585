"""The trial balance, for whoever may look at all the books."""

from tests.interfaces.http.expect import then_refused
from tests.interfaces.http.test_openapi import check_reply
from tests.interfaces.webhooks.conftest import Operator
from tests.support.running import Merchant

TRIAL_BALANCE = "/v1/operator/ledger/trial_balance"


async def test_an_auditor_sees_debits_that_equal_the_credits(merchant: Merchant, auditor: Operator) -> None:
    await merchant.pay(1000)
    await merchant.pay(500, "JPY")
    reply = await auditor.get(TRIAL_BALANCE)
    check_reply("get_trial_balance", reply, 200)
    assert {"EUR", "JPY"} <= {total["currency"] for total in reply.json["totals"]}
    assert all(total["debit"] == total["credit"] for total in reply.json["totals"])
    assert "merchant:*:pending" in {line["account"] for line in reply.json["lines"]}
    assert merchant.merchant_id not in reply.body.decode()


async def test_it_is_told_as_of_any_moment(merchant: Merchant, auditor: Operator) -> None:
    now = (await auditor.get(TRIAL_BALANCE)).json
    await merchant.pay(1000)
    assert (await auditor.get(f"{TRIAL_BALANCE}?as_of={now['position']}")).json == now
    assert (await auditor.get(f"{TRIAL_BALANCE}?as_of=2001-01-01T00:00:00Z")).json["lines"] == []
    then_refused(await auditor.get(f"{TRIAL_BALANCE}?as_of=soon"), 400, "parameter_invalid", field="as_of")


async def test_for_a_merchant_there_is_no_such_thing(merchant: Merchant) -> None:
    then_refused(await merchant.get(TRIAL_BALANCE), 404, "not_found")
