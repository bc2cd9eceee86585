"""What a merchant has: now, at any moment before, and what becomes available when."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from tests.interfaces.http.expect import then_refused
from tests.interfaces.http.given import authorized, captured
from tests.interfaces.http.reading import behind
from tests.interfaces.http.test_openapi import check_reply
from tests.support.moments import a_moment
from tests.support.openapi import document
from tests.support.running import Merchant, Reply

NOTHING = dict.fromkeys(("authorized", "pending", "available", "held", "in_transit", "owed"), 0)
FEE = 59
"""On ten euros."""


async def balances(merchant: Merchant, *, since: Reply | None = None, as_of: str | None = None) -> list[dict[str, Any]]:
    query = "" if as_of is None else f"?as_of={quote(as_of)}"
    reply = await merchant.get(f"/v1/balances{query}", headers=None if since is None else behind(since))
    check_reply("list_balances", reply, 200)
    shown: list[dict[str, Any]] = reply.json["balances"]
    return shown


async def test_every_balance_is_told_in_each_currency(merchant: Merchant) -> None:
    await captured(merchant, 1000)
    last = await merchant.pay(500, "JPY", capture_method="manual")
    assert await balances(merchant, since=last) == [
        {"currency": "EUR", **NOTHING, "pending": 1000 - FEE},
        {"currency": "JPY", **NOTHING, "authorized": 500},
    ]


async def test_the_balances_are_told_as_they_were_at_an_instant_and_at_a_position(merchant: Merchant) -> None:
    before = await a_moment()
    first = await merchant.pay(1000)
    between = await a_moment()
    await authorized(merchant, 700)
    last = await merchant.act(first.json["payment_id"], "refunds", amount=300)

    assert await balances(merchant, as_of=before) == []
    then = [{"currency": "EUR", **NOTHING, "pending": 1000 - FEE}]
    assert await balances(merchant, as_of=between) == then
    assert await balances(merchant, as_of=first.headers["Tallystick-Position"]) == then
    now = [{"currency": "EUR", **NOTHING, "pending": 1000 - FEE - 300, "authorized": 700}]
    assert await balances(merchant, as_of=last.headers["Tallystick-Position"]) == now
    assert await balances(merchant, since=last) == now


async def test_what_is_captured_becomes_available_at_its_time(merchant: Merchant) -> None:
    last = await merchant.act(await captured(merchant, 1000), "refunds", amount=300)
    assert last.status == 201
    reply = await merchant.get("/v1/balances/upcoming")
    check_reply("list_upcoming_balances", reply, 200)
    [shown] = reply.json["upcoming"]
    assert (shown["currency"], shown["bucket"], shown["amount"]) == ("EUR", "pending", 1000 - FEE - 300)
    assert datetime.fromisoformat(shown["available_at"]) > datetime.now(UTC)


async def test_another_merchants_are_not_told(merchant: Merchant, stranger: Merchant) -> None:
    await captured(merchant, 1000)
    assert (await stranger.get("/v1/balances/upcoming")).json == {"upcoming": []}
    assert await balances(stranger, as_of=await a_moment()) == []


async def test_a_moment_that_is_none_or_to_come_is_refused(merchant: Merchant) -> None:
    then_refused(await merchant.get("/v1/balances?as_of=noon"), 400, "parameter_invalid", field="as_of")
    then_refused(await merchant.get("/v1/balances?as_of=2999-01-01T00:00:00Z"), 400, "as_of_in_future", field="as_of")


async def test_a_balance_of_more_than_a_double_holds_is_told_to_the_last_digit(merchant: Merchant) -> None:
    begin = await a_moment()
    await merchant.pay(2**53, capture_method="manual")
    last = await merchant.pay(2**53 - 1, capture_method="manual")
    assert last.json["amount"] == 2**53 - 1
    total = 2**54 - 1
    assert int(float(total)) != total
    end = await a_moment()
    statement = f"/v1/statements?currency=EUR&from={quote(begin)}&to={quote(end)}"
    for path in ("/v1/balances", f"/v1/balances?as_of={last.headers['Tallystick-Position']}", statement):
        reply = await merchant.get(path, headers=behind(last))
        assert str(total).encode() in reply.body, path
    as_text = await merchant.get(f"{statement}&format=csv", headers=behind(last))
    assert "180143985094819.83" in as_text.body.decode()


def test_every_sum_is_documented_as_an_integer_of_64_bits() -> None:
    """Single amounts have a bound, or are parts of one that has."""
    schemas = document()["components"]["schemas"]
    sums = {
        "BalanceResource": NOTHING.keys(),
        "UpcomingBalance": {"amount"},
        "Unsettled": {"captured_minor", "refunded_minor", "charged_back_minor", "net_minor"},
        "StatementAccount": {"opening", "closing"},
        "StatementLine": {"change", "balance"},
        "TrialBalanceLine": {"debit", "credit"},
        "TrialBalanceTotal": {"debit", "credit"},
        "AccountBalance": {"balance"},
        "ChartLine": {"balance"},
        "AccountJournal": {"opening"},
        "JournalLine": {"change", "balance"},
        "SettledMovements": {"gross", "interchange", "scheme", "markup", "other", "cost", "net"},
        "UnsettledMovements": {"net"},
    }
    for schema, names in sums.items():
        found = {name for name, about in schemas[schema]["properties"].items() if about.get("format") == "int64"}
        assert found == set(names), schema
