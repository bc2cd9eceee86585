"""A merchant adds, sees and removes its bank accounts, and nobody sees more of a number than its end."""

from typing import Any

import pytest

from interfaces import ids
from tests.interfaces.http.expect import then_refused
from tests.interfaces.http.reading import behind
from tests.support.running import Merchant, Reply

PATH = "/v1/bank_accounts"
IBAN: dict[str, Any] = {
    "holder_name": "Müller & Söhne GmbH",
    "currency": "EUR",
    "country": "DE",
    "details": {"type": "iban", "iban": "DE89 3704 0044 0532 0130 00", "bic": "COBADEFFXXX"},
}
OTHERS: dict[str, dict[str, Any]] = {
    "us_ach": {
        **{"currency": "USD", "country": "US"},
        "details": {"type": "us_ach", "routing_number": "021000021", "account_number": "123456789"},
    },
    "in_ifsc": {
        **{"currency": "INR", "country": "IN"},
        "details": {"type": "in_ifsc", "ifsc": "HDFC0000001", "account_number": "50100012345678"},
    },
    "gb_sort_code": {
        **{"currency": "GBP", "country": "GB"},
        "details": {"type": "gb_sort_code", "sort_code": "60-16-13", "account_number": "31926819"},
    },
}


def iban(text: str, **details: Any) -> dict[str, Any]:
    return {"details": {"type": "iban", "iban": text, **details}}


async def add(merchant: Merchant, *, key: str | None = None, **changed: Any) -> Reply:
    return await merchant.send("POST", PATH, IBAN | changed, key=key)


async def listed(merchant: Merchant, since: Reply, query: str = "") -> dict[str, Any]:
    reply = await merchant.get(f"{PATH}{query}", headers=behind(since))
    assert reply.status == 200, reply
    return reply.json


async def then_there_is_none(merchant: Merchant) -> None:
    """Not even one that the view has not seen yet: it has to see the account that is added last."""
    last = await add(merchant)
    found = await listed(merchant, last)
    assert [each["bank_account_id"] for each in found["bank_accounts"]] == [last.json["bank_account_id"]]


async def test_an_account_is_added_shown_listed_and_removed(merchant: Merchant) -> None:
    added = await add(merchant)
    assert added.status == 201, added
    account_id = added.json["bank_account_id"]
    assert account_id.startswith("ba_")
    assert added.json == {
        "bank_account_id": account_id,
        "holder_name": "Müller & Söhne GmbH",
        "currency": "EUR",
        "country": "DE",
        "scheme": "iban",
        "account": "DE•• •••• …3000",
        "added_at": added.json["added_at"],
        "removed_at": None,
    }
    assert (await merchant.get(f"{PATH}/{account_id}")).json == added.json
    assert (await listed(merchant, added)) == {"bank_accounts": [added.json], "next_cursor": None}

    removed = await merchant.send("DELETE", f"{PATH}/{account_id}")
    assert removed.status == 200, removed
    assert removed.json == added.json | {"removed_at": removed.json["removed_at"]}
    assert removed.json["removed_at"] > added.json["added_at"]
    assert (await merchant.send("DELETE", f"{PATH}/{account_id}")).json == removed.json
    assert (await merchant.get(f"{PATH}/{account_id}")).json == removed.json
    assert (await listed(merchant, removed))["bank_accounts"] == [removed.json]


@pytest.mark.parametrize("scheme", OTHERS)
async def test_an_account_of_another_scheme_is_added(merchant: Merchant, scheme: str) -> None:
    added = await add(merchant, **OTHERS[scheme])
    assert added.status == 201, added
    number = OTHERS[scheme]["details"]["account_number"]
    assert (added.json["scheme"], added.json["account"]) == (scheme, f"•••• …{number[-4:]}")
    assert number.encode() not in added.body


async def test_a_repeat_under_the_same_key_is_the_same_account(merchant: Merchant) -> None:
    first, again = await add(merchant, key="main"), await add(merchant, key="main")
    assert (first.status, again.status) == (201, 201)
    assert first.body == again.body
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    in_body = await add(merchant, idempotency_key="main")
    assert in_body.body == first.body
    assert len((await listed(merchant, again))["bank_accounts"]) == 1


async def test_the_same_account_written_otherwise_is_the_same_request(merchant: Merchant) -> None:
    first = await add(merchant, key="main")
    assert (await add(merchant, key="main", **iban("de89370400440532013000", bic="cobadeffxxx"))).body == first.body


async def test_a_key_with_another_account_is_refused(merchant: Merchant) -> None:
    await add(merchant, key="main")
    other = await add(merchant, key="main", holder_name="Anna")
    then_refused(other, 422, "idempotency_key_reused", field="idempotency_key")


async def test_without_a_key_every_request_is_another_account(merchant: Merchant) -> None:
    first, second = await add(merchant), await add(merchant)
    assert first.json["bank_account_id"] != second.json["bank_account_id"]


async def test_a_strangers_key_is_not_taken_up(merchant: Merchant, stranger: Merchant) -> None:
    mine, theirs = await add(merchant, key="main"), await add(stranger, key="main")
    assert mine.json["bank_account_id"] != theirs.json["bank_account_id"]


async def test_a_strangers_account_looks_like_none_at_all(merchant: Merchant, stranger: Merchant) -> None:
    theirs = await add(stranger)
    account_id = theirs.json["bank_account_id"]
    payment_id = (await merchant.pay()).json["payment_id"]
    of_another_kind = ids.text_of("ba", ids.parse(payment_id, "pay") or ids.new_uuid())
    for wanted in (account_id, ids.new_id("ba"), payment_id, of_another_kind, "x", "%00", "p" * 4000):
        for method in ("GET", "DELETE"):
            then_refused(await merchant.send(method, f"{PATH}/{wanted}"), 404, "bank_account_not_found")
    assert (await stranger.get(f"{PATH}/{account_id}")).json == theirs.json
    assert (await listed(merchant, theirs))["bank_accounts"] == []
    assert (await listed(merchant, theirs, f"?cursor={account_id}"))["bank_accounts"] == []


async def test_a_list_is_walked_page_by_page_those_added_last_first(merchant: Merchant) -> None:
    replies = [await add(merchant) for _ in range(5)]
    found: list[str] = []
    query = "?limit=2"
    while True:
        page = await listed(merchant, replies[-1], query)
        assert len(page["bank_accounts"]) <= 2
        found += [each["bank_account_id"] for each in page["bank_accounts"]]
        if page["next_cursor"] is None:
            break
        query = f"?limit=2&cursor={page['next_cursor']}"
    assert found == [reply.json["bank_account_id"] for reply in reversed(replies)]
    then_refused(await merchant.get(f"{PATH}?cursor=x"), 400, "parameter_invalid", field="cursor")


NO_BANK_TAKES = {
    "wrong check digits": (iban("DE88370400440532013000"), "details.iban"),
    "an IBAN too short": (iban("DE8937040044053201300"), "details.iban"),
    "no country has it": (iban("XX89370400440532013000"), "details.iban"),
    "a BIC of nothing": (iban("DE89370400440532013000", bic="COBA"), "details.bic"),
    "another country": ({"country": "FR"}, "country"),
    "another script": ({"holder_name": "王小明"}, "holder_name"),
    "a name too long": ({"holder_name": "x" * 71}, "holder_name"),
    "a routing number": (
        OTHERS["us_ach"] | {"details": OTHERS["us_ach"]["details"] | {"routing_number": "021000022"}},
        "details.routing_number",
    ),
    "rupees to America": (OTHERS["us_ach"] | {"currency": "INR"}, "currency"),
}


@pytest.mark.parametrize(("changed", "field"), NO_BANK_TAKES.values(), ids=NO_BANK_TAKES)
async def test_what_no_bank_takes_is_refused_by_its_field(
    merchant: Merchant, changed: dict[str, Any], field: str
) -> None:
    refused = await add(merchant, key="main", **changed)
    then_refused(refused, 422, "bank_account_invalid", field=field)
    assert (await add(merchant, key="main")).status == 201, "a refused request does not use up its key"


NOT_FITTING = {
    "no scheme": ({"details": {"iban": "DE89370400440532013000"}}, "details.type"),
    "an unknown scheme": ({"details": {"type": "giro", "iban": "1"}}, "details.type"),
    "a field of another scheme": (iban("DE89370400440532013000", sort_code="601613"), "details.sort_code"),
    "an empty name": ({"holder_name": ""}, "holder_name"),
    "a name with a NUL": ({"holder_name": "a\0"}, "holder_name"),
    "a lower-case country": ({"country": "de"}, "country"),
    "an unknown field": ({"colour": "red"}, "colour"),
}


@pytest.mark.parametrize(("changed", "field"), NOT_FITTING.values(), ids=NOT_FITTING)
async def test_a_body_that_does_not_fit_is_refused_by_its_field(
    merchant: Merchant, changed: dict[str, Any], field: str
) -> None:
    then_refused(await add(merchant, **changed), 400, "body_invalid", field=field)
    await then_there_is_none(merchant)


async def test_a_card_number_is_no_name_and_an_unknown_currency_none(merchant: Merchant) -> None:
    card = await add(merchant, holder_name="4242 4242 4242 4242")
    then_refused(card, 400, "card_data_refused", field="holder_name")
    then_refused(await add(merchant, currency="XXX"), 400, "unknown_currency", field="currency")
    then_refused(await add(merchant, merchant_id="mer_other"), 403, "other_merchant", field="merchant_id")
    await then_there_is_none(merchant)


async def test_each_path_names_all_its_methods(merchant: Merchant) -> None:
    every = await merchant.send("OPTIONS", PATH)
    assert (every.status, every.headers["Allow"]) == (204, "GET, OPTIONS, POST")
    one = await merchant.send("OPTIONS", f"{PATH}/{ids.new_id('ba')}")
    assert (one.status, one.headers["Allow"]) == (204, "DELETE, GET, OPTIONS")
