"""Every movement of money is a balanced entry, and balances are nothing but their sum."""

from collections import defaultdict
from typing import Any

from tests.interfaces.http.given import authorized, captured, partially_captured
from tests.interfaces.http.reading import behind, entries_of
from tests.support.running import Merchant


def then_balanced(entry: dict[str, Any]) -> None:
    sums: dict[str, int] = defaultdict(int)
    for posting in entry["postings"]:
        assert posting["amount"] > 0
        sums[posting["currency"]] += posting["amount"] if posting["side"] == "debit" else -posting["amount"]
    assert set(sums.values()) == {0}


def credited(entries: list[dict[str, Any]], account: str, currency: str) -> int:
    """What the entries come to in one account, counted on the credit side."""
    return sum(
        posting["amount"] if posting["side"] == "credit" else -posting["amount"]
        for entry in entries
        for posting in entry["postings"]
        if (posting["account"], posting["currency"]) == (account, currency)
    )


async def test_a_capture_and_its_fee_are_posted_with_their_cause(merchant: Merchant) -> None:
    payment_id = await captured(merchant, 1000)
    mine = f"merchant:{merchant.merchant_id}"
    history = (await merchant.get(f"/v1/payments/{payment_id}/events")).json["events"]
    held, taken = await entries_of(merchant, payment_id)

    assert (held["cause"], taken["cause"]) == ("payment.authorized.v1", "payment.captured.v2")
    assert [entry["cause_version"] for entry in (held, taken)] == [event["version"] for event in history[-2:]]
    assert held["entry_id"].startswith("je_")
    assert {
        (posting["account"], posting["side"]): (posting["amount"], posting["currency"]) for posting in held["postings"]
    } == {("holds:simulator", "debit"): (1000, "EUR"), (f"{mine}:authorized", "credit"): (1000, "EUR")}
    assert credited([taken], "psp:simulator:clearing", "EUR") == -1000
    assert credited([taken], f"{mine}:pending", "EUR") == 1000 - 59
    assert credited([taken], "platform:fees", "EUR") == 59
    assert credited([held, taken], f"{mine}:authorized", "EUR") == 0


async def test_every_entry_balances_and_the_balances_are_their_sum(merchant: Merchant) -> None:
    payments = [
        await captured(merchant, 1000),
        await captured(merchant, 500, currency="JPY"),
        await partially_captured(merchant, 12_345, taken=5_000, currency="KWD"),
        await authorized(merchant, 700),
        await authorized(merchant, 800),
        await authorized(merchant, 900),
    ]
    await merchant.act(payments[0], "refunds", amount=300)
    await merchant.act(payments[1], "refunds")
    await merchant.act(payments[3], "void")
    last = await merchant.act(payments[4], "capture", amount=250)

    entries = [entry for payment_id in payments for entry in await entries_of(merchant, payment_id)]
    for entry in entries:
        then_balanced(entry)
    balances = (await merchant.get("/v1/balances", headers=behind(last))).json["balances"]
    assert {balance["currency"] for balance in balances} == {"EUR", "JPY", "KWD"}
    for balance in balances:
        for name in ("authorized", "pending", "available", "held", "in_transit"):
            account = f"merchant:{merchant.merchant_id}:{name}"
            assert balance[name] == credited(entries, account, balance["currency"])

    unsettled = (await merchant.get("/v1/reconciliation", headers=behind(last))).json["unsettled"]
    assert {row["currency"]: row["net_minor"] for row in unsettled} == {
        "EUR": 1000 - 300 + 250,
        "JPY": 0,
        "KWD": 5_000,
    }
    for row in unsettled:
        assert row["net_minor"] == -credited(entries, "psp:simulator:clearing", row["currency"])


async def test_a_payment_that_moved_no_money_has_no_entry(merchant: Merchant) -> None:
    declined = await merchant.pay(token="tok_declined")
    assert await entries_of(merchant, declined.json["payment_id"]) == []
    balances = await merchant.get("/v1/balances", headers=behind(declined))
    assert balances.json == {"balances": []}


async def test_a_payment_that_was_read_says_where_its_last_entry_is(merchant: Merchant) -> None:
    """So that balances which are asked for with that position have it."""
    payment_id = await captured(merchant)
    entries = (await merchant.get(f"/v1/payments/{payment_id}/ledger")).json["entries"]
    read = await merchant.get(f"/v1/payments/{payment_id}")
    assert int(read.headers["Tallystick-Position"]) == entries[-1]["position"]
