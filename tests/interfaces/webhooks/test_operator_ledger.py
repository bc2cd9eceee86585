"""The trial balance, for whoever may look at all the books."""

from tests.interfaces.http.expect import then_refused
from tests.interfaces.http.test_openapi import check_reply
from tests.interfaces.webhooks.conftest import Operator
from tests.support.moments import a_moment
from tests.support.running import Merchant

LEDGER = "/v1/operator/ledger"
TRIAL_BALANCE = f"{LEDGER}/trial_balance"


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


async def test_an_account_has_its_balances_and_its_lines(merchant: Merchant, auditor: Operator) -> None:
    begin = await a_moment()
    await merchant.pay(1000)
    await merchant.pay(500, "JPY")
    pending = f"merchant:{merchant.merchant_id}:pending"
    balances = await auditor.get(f"{LEDGER}/balances?account={pending}")
    check_reply("get_account_balances", balances, 200)
    assert (balances.json["account"], balances.json["normal"]) == (pending, "credit")
    found = {of["currency"]: of["balance"] for of in balances.json["balances"]}
    assert found.keys() == {"EUR", "JPY"}

    lines = await auditor.get(f"{LEDGER}/journal?account={pending}&currency=EUR&from={begin}&to={await a_moment()}")
    check_reply("get_account_journal", lines, 200)
    assert (lines.json["opening"], lines.json["next_cursor"]) == (0, None)
    assert [line["change"] for line in lines.json["lines"]] == [1000, found["EUR"] - 1000]
    assert lines.json["lines"][-1]["balance"] == found["EUR"]

    before = await auditor.get(f"{LEDGER}/balances?account={pending}&as_of={begin}")
    assert before.json["balances"] == []


async def test_the_chart_has_every_account(merchant: Merchant, auditor: Operator) -> None:
    begin = (await auditor.get(TRIAL_BALANCE)).json["position"]
    await merchant.pay(1000)
    chart = await auditor.get(f"{LEDGER}/accounts")
    check_reply("list_accounts", chart, 200)
    own = [line["account"] for line in chart.json["accounts"] if merchant.merchant_id in line["account"]]
    assert own == [f"merchant:{merchant.merchant_id}:{kind}" for kind in ("authorized", "pending")]
    assert chart.json["next_after"] is None

    rest = await auditor.get(f"{LEDGER}/accounts?after={own[0]}&as_of={chart.json['position']}")
    codes = [line["account"] for line in chart.json["accounts"]]
    assert [line["account"] for line in rest.json["accounts"]] == [code for code in codes if code > own[0]]
    before = await auditor.get(f"{LEDGER}/accounts?as_of={begin}")
    assert not [line for line in before.json["accounts"] if merchant.merchant_id in line["account"]]


async def test_an_account_that_is_none_is_refused(auditor: Operator) -> None:
    for code in ("mattress", "bank:%00", "merchant:mer_1:pending@2026-11-23T23:00:00Z"):
        reply = await auditor.get(f"{LEDGER}/balances?account={code}")
        assert (reply.status, reply.json["type"]) == (422, "urn:tallystick:problem:unknown_account")
    then_refused(await auditor.get(f"{LEDGER}/balances"), 400, "parameter_invalid", field="account")


async def test_for_a_merchant_there_is_no_such_thing(merchant: Merchant) -> None:
    then_refused(await merchant.get(TRIAL_BALANCE), 404, "not_found")
