"""The simulator's settlement has every movement since the last one, and adds up."""

import csv
from decimal import Decimal
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from tests.infrastructure.simulator.api import Api

CURRENCIES = iter(["SEK", "NOK", "DKK", "PLN", "JPY"])
"""One for each test: the books are the same for all."""


async def settlement(base_url: str, currency: str, since: int = 0) -> tuple[dict[str, str], list[dict[str, str]], int]:
    url = f"{base_url}/_control/settlement?currency={currency}&since={since}"
    async with aiohttp.ClientSession() as http, http.get(url) as response:
        assert response.status == 200
        lines = list(csv.reader((await response.text()).splitlines()))
        following = int(response.headers["Simulator-Next-Since"])
    head, columns, rows = dict(lines[:6]), lines[6], lines[7:]
    return head, [dict(zip(columns, row, strict=True)) for row in rows], following


async def test_captures_and_refunds_are_settled_net_of_their_costs(api: Api, base_url: str) -> None:
    currency, key = next(CURRENCIES), str(uuid4())
    charge_id = await api.charge_id(currency=currency)
    await api.capture(charge_id, 10_000, final=True, key=key)
    await api.refund(charge_id, 3_000)
    await api.charge_id(currency=currency)  # not captured
    head, [capture, refund], _ = await settlement(base_url, currency)
    assert (capture["movement"], capture["operation_id"], capture["gross"], capture["net"]) == (
        "capture",
        key,
        "100.00",
        "99.67",
    )
    assert (refund["movement"], refund["operation_id"], refund["gross"]) == ("refund", "", "-30.00")
    assert Decimal(head["total"]) == Decimal(capture["net"]) + Decimal(refund["net"])
    for row in (capture, refund):
        costs = sum(Decimal(row[name]) for name in ("interchange", "scheme", "markup", "other"))
        assert Decimal(row["gross"]) - costs == Decimal(row["net"])


async def test_a_refund_that_fails_later_is_settled_the_other_way_round(api: Api, base_url: str) -> None:
    currency, key = next(CURRENCIES), str(uuid4())
    charge_id = await api.charge_id(currency=currency, capture=True)
    refund = (await api.refund(charge_id, 3_000, key=key)).json
    async with aiohttp.ClientSession() as http:
        for _ in range(2):
            async with http.post(f"{base_url}/_control/refunds/{refund['id']}/fail") as response:
                assert response.status == 200
        async with http.post(f"{base_url}/_control/refunds/re_nobody/fail") as response:
            assert response.status == 404
    head, [*_, row], _ = await settlement(base_url, currency)
    assert (row["movement"], row["operation_id"], row["reference"]) == ("refund_reversal", key, refund["id"])
    assert row["gross"] == "30.00"
    assert Decimal(head["total"]) > 0
    assert (await api.refund(charge_id, 10_000)).status == 201, "the money can be refunded again"


async def test_the_next_settlement_goes_on_where_the_last_one_ended(api: Api, base_url: str) -> None:
    currency = next(CURRENCIES)
    await api.charge_id(currency=currency, capture=True)
    first, before, since = await settlement(base_url, currency)
    assert (await settlement(base_url, currency))[0]["settlement_id"] == first["settlement_id"]
    assert (await settlement(base_url, currency, since))[1:] == ([], since)
    await api.charge_id(currency=currency, capture=True)
    second, after, _ = await settlement(base_url, currency, since)
    assert second["settlement_id"] != first["settlement_id"]
    assert (len(before), len(after)) == (1, 1)
    assert before[0]["reference"] != after[0]["reference"]


@pytest.mark.parametrize(("token", "changed"), [("tok_declined", {}), ("tok_visa", {"capture": False})])
async def test_what_took_nothing_is_not_settled(api: Api, base_url: str, token: str, changed: dict[str, Any]) -> None:
    await api.charge(token, currency="ISK", **{"capture": True, **changed})
    assert (await settlement(base_url, "ISK"))[1] == []


async def test_amounts_have_their_currencys_decimals(api: Api, base_url: str) -> None:
    await api.charge_id(currency="JPY", amount=500, capture=True)
    [row] = (await settlement(base_url, "JPY"))[1]
    assert (row["gross"], row["interchange"], row["net"]) == ("500", "1", "498")
