"""A merchant's statement over HTTP: from the opening to the closing balances, line by line, page by page."""

import csv
from typing import Any
from urllib.parse import quote

from tests.interfaces.http.expect import then_refused
from tests.interfaces.http.given import authorized, captured
from tests.interfaces.http.reading import behind, entries_of
from tests.interfaces.http.test_openapi import check_reply
from tests.support.moments import a_moment
from tests.support.running import Merchant


def path(begin: str, end: str, currency: str = "EUR", **more: str) -> str:
    query = {"currency": currency, "from": begin, "to": end, **more}
    return f"/v1/statements?{'&'.join(f'{name}={quote(value)}' for name, value in query.items())}"


async def statement(merchant: Merchant, begin: str, end: str, currency: str = "EUR") -> dict[str, Any]:
    reply = await merchant.get(path(begin, end, currency))
    check_reply("get_statement", reply, 200)
    return reply.json


def then_it_adds_up(told: dict[str, Any]) -> None:
    running = {account["account"]: account["opening"] for account in told["accounts"]}
    for line in told["lines"]:
        running[line["account"]] += line["change"]
        assert line["balance"] == running[line["account"]]
    assert running == {account["account"]: account["closing"] for account in told["accounts"]}


async def test_a_statement_adds_up_and_the_next_begins_where_it_ended(merchant: Merchant) -> None:
    begin = await a_moment()
    first = await captured(merchant, 1000)
    middle = await a_moment()
    await authorized(merchant, 700)
    last = await merchant.act(first, "refunds", amount=300)
    end = await a_moment()
    balances = (await merchant.get("/v1/balances", headers=behind(last))).json["balances"]

    earlier, later = await statement(merchant, begin, middle), await statement(merchant, middle, end)
    for told in (earlier, later, await statement(merchant, begin, end)):
        then_it_adds_up(told)
        assert (told["merchant_id"], told["currency"], told["next_cursor"]) == (merchant.merchant_id, "EUR", None)
    assert earlier["lines"]
    assert {account["opening"] for account in earlier["accounts"]} == {0}
    openings = {account["account"]: account["opening"] for account in later["accounts"]}
    assert openings == {"held": 0, **{account["account"]: account["closing"] for account in earlier["accounts"]}}
    assert {account["account"]: account["closing"] for account in later["accounts"]} == {
        name: balances[0][name] for name in ("authorized", "pending", "held")
    }
    posted = {entry["entry_id"] for entry in await entries_of(merchant, first)}
    assert posted == {
        line["entry_id"] for told in (earlier, later) for line in told["lines"] if line["payment_id"] == first
    }


async def test_a_page_goes_on_after_its_cursor_with_the_same_balances(merchant: Merchant) -> None:
    begin = await a_moment()
    await captured(merchant, 1000)
    end = await a_moment()
    whole = await statement(merchant, begin, end)
    first = whole["lines"][0]["position"]
    rest = (await merchant.get(path(begin, end, cursor=str(first)))).json
    assert rest == {**whole, "lines": [line for line in whole["lines"] if line["position"] > first]}
    assert rest["lines"]


async def test_a_period_in_which_nothing_happened_has_no_lines(merchant: Merchant) -> None:
    await captured(merchant, 1000)
    moment = await a_moment()
    told = await statement(merchant, moment, moment)
    assert (told["lines"], len(told["accounts"])) == ([], 2)
    assert (await statement(merchant, moment, await a_moment(), "JPY"))["accounts"] == []


async def test_another_merchants_lines_are_not_in_it(merchant: Merchant, stranger: Merchant) -> None:
    begin = await a_moment()
    await captured(merchant, 1000)
    assert (await statement(stranger, begin, await a_moment()))["accounts"] == []


async def test_a_statement_as_csv_has_every_line_between_its_opening_and_closing_balances(merchant: Merchant) -> None:
    await captured(merchant, 2500)
    begin = await a_moment()
    await captured(merchant, 1000)
    end = await a_moment()
    told = await statement(merchant, begin, end)
    reply = await merchant.get(path(begin, end, format="csv"))
    assert (reply.status, reply.headers["Content-Type"].partition(";")[0]) == (200, "text/csv")
    columns, *rows = csv.reader(reply.body.decode().splitlines())
    accounts = len(told["accounts"])
    opening, lines, closing = rows[:accounts], rows[accounts:-accounts], rows[-accounts:]

    def balances(of: list[list[str]]) -> dict[str, str]:
        return {row[columns.index("account")]: row[columns.index("balance")] for row in of}

    assert balances(opening) == {each["account"]: f"{each['opening'] / 100:.2f}" for each in told["accounts"]}
    assert balances(closing) == {each["account"]: f"{each['closing'] / 100:.2f}" for each in told["accounts"]}
    assert [row[columns.index("position")] for row in lines] == [str(line["position"]) for line in told["lines"]]
    assert lines[0][columns.index("change")] == f"{told['lines'][0]['change'] / 100:.2f}"


async def test_a_statement_as_csv_is_whole_whatever_the_cursor_and_no_other_form_exists(merchant: Merchant) -> None:
    begin = await a_moment()
    await merchant.pay(1000)
    end = await a_moment()
    whole, cut = [await merchant.get(path(begin, end, format="csv", **cursor)) for cursor in ({}, {"cursor": "7"})]
    assert (whole.status, whole.body) == (200, cut.body)
    then_refused(await merchant.get(path(begin, begin, format="pdf")), 400, "parameter_invalid", field="format")


async def test_what_cannot_be_a_period_is_refused(merchant: Merchant) -> None:
    begin, end = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
    for bad, field in (
        (path("yesterday", end), "from"),
        (path(end, begin), "from"),
        (path(begin, "2999-01-01T00:00:00Z"), "to"),
        (path(begin, end, cursor="x"), "cursor"),
        (f"/v1/statements?currency=EUR&from={begin}", "to"),
    ):
        then_refused(await merchant.get(bad), 400, "parameter_invalid", field=field)
    then_refused(await merchant.get(path(begin, end, "XXX")), 400, "unknown_currency", field="currency")
