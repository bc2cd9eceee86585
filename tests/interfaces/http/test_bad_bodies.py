"""Bodies that a route does not take are refused by the field at fault, and leave nothing behind."""

import json
from typing import Any

import pytest

from tests.interfaces.http.expect import then_nothing_was_created, then_refused, unchanged
from tests.interfaces.http.given import INTENT, asked, authorized, captured, payment_that_is
from tests.support.running import Merchant

BODY_BYTES_MAX = 64 * 1024
JSON = {"Content-Type": "application/json"}
CARD = {"type": "card", "token": "tok_visa"}


def intent(**fields: Any) -> bytes:
    return json.dumps(INTENT | fields).encode()


def without(field: str) -> bytes:
    return json.dumps({name: value for name, value in INTENT.items() if name != field}).encode()


def amount_of(text: str) -> bytes:
    """An intent whose amount is `text` as it stands, which Python's own JSON would not write."""
    return intent(amount="HERE").replace(b'"HERE"', text.encode())


NOT_FITTING = {
    "an unknown field": (intent(colour="red"), "colour"),
    "an unknown field deeper down": (intent(payment_method=CARD | {"cvc": 1}), "payment_method.cvc"),
    "no customer": (without("customer_id"), "customer_id"),
    "no amount": (without("amount"), "amount"),
    "no currency": (without("currency"), "currency"),
    "no method": (without("payment_method"), "payment_method"),
    "no token": (intent(payment_method={"type": "card"}), "payment_method.token"),
    "an empty body": (b"", "customer_id"),
    "an empty object": (b"{}", "customer_id"),
    "an array": (b"[]", "$"),
    "a string": (b'"payment"', "$"),
    "null": (b"null", "$"),
    "an amount in a string": (intent(amount="1000"), "amount"),
    "a true amount": (intent(amount=True), "amount"),
    "no value as the amount": (intent(amount=None), "amount"),
    "an amount with an exponent": (amount_of("1e3"), "amount"),
    "an amount with a fraction": (amount_of("10.5"), "amount"),
    "an amount with a fraction of nothing": (amount_of("10.0"), "amount"),
    "an amount of zero": (intent(amount=0), "amount"),
    "a negative amount": (intent(amount=-1), "amount"),
    "an amount above 2^53": (intent(amount=2**53 + 1), "amount"),
    "an amount above every machine word": (amount_of("9" * 400), "amount"),
    "a lower-case currency": (intent(currency="eur"), "currency"),
    "a currency that is a number": (intent(currency=978), "currency"),
    "an empty customer": (intent(customer_id=""), "customer_id"),
    "a customer with spaces": (intent(customer_id="a b"), "customer_id"),
    "a customer with a line break": (intent(customer_id="a\n"), "customer_id"),
    "a customer that is too long": (intent(customer_id="c" * 129), "customer_id"),
    "a token with a line break": (intent(payment_method=CARD | {"token": "tok_visa\n"}), "payment_method.token"),
    "a token that is none": (intent(payment_method=CARD | {"token": "visa"}), "payment_method.token"),
    "an unknown method": (intent(payment_method=CARD | {"type": "cheque"}), "payment_method.type"),
    "an unknown way to capture": (intent(capture_method="later"), "capture_method"),
    "a confirmation that is a string": (intent(confirm="true"), "confirm"),
    "a merchant that is a number": (intent(merchant_id=7), "merchant_id"),
    "a key that is too long": (intent(idempotency_key="k" * 256), "idempotency_key"),
    "a nested array for an amount": (amount_of("[" * 60_000), "amount"),
}
NOT_JSON = {
    "garbage": b"garbage",
    "cut short": intent()[:-7],
    "two bodies": intent() + intent(),
    "bad UTF-8": intent(customer_id="HERE").replace(b"HERE", b"\xff\xfe"),
    "half a surrogate pair": intent(customer_id="HERE").replace(b"HERE", rb"\ud800"),
    "a byte order mark": b"\xef\xbb\xbf" + intent(),
    "an amount that is not a number": amount_of("NaN"),
    "an infinite amount": amount_of("Infinity"),
    "an amount with a leading zero": amount_of("01"),
    "only blanks": b"   ",
}


@pytest.mark.parametrize(("body", "field"), NOT_FITTING.values(), ids=NOT_FITTING)
async def test_a_body_that_does_not_fit_is_refused_by_its_field(merchant: Merchant, body: bytes, field: str) -> None:
    reply = await merchant.send("POST", "/v1/payment_intents", raw=body, key="the-key", headers=JSON)
    then_refused(reply, 400, "body_invalid", field=field)
    await then_nothing_was_created(merchant, under="the-key")


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
async def test_a_body_that_is_not_json_is_refused(merchant: Merchant, body: bytes) -> None:
    reply = await merchant.send("POST", "/v1/payment_intents", raw=body, key="the-key", headers=JSON)
    then_refused(reply, 400, "body_not_json")
    await then_nothing_was_created(merchant, under="the-key")


@pytest.mark.parametrize("country", ["UK", "ZZ"])
async def test_a_country_that_there_is_not_is_refused(merchant: Merchant, country: str) -> None:
    method = {"type": "card", "token": "tok_visa", "country": country}
    reply = await merchant.pay(payment_method=method, key="the-key")
    then_refused(reply, 400, "unknown_country", field="payment_method.country")
    await then_nothing_was_created(merchant, under="the-key")


@pytest.mark.parametrize("currency", ["EUX", "XAU", "XXX", "BGN"])
async def test_a_currency_that_nobody_pays_in_is_refused(merchant: Merchant, currency: str) -> None:
    reply = await merchant.pay(currency=currency, key="the-key")
    then_refused(reply, 400, "unknown_currency", field="currency")
    await then_nothing_was_created(merchant, under="the-key")


async def test_another_merchants_id_is_refused(merchant: Merchant, stranger: Merchant) -> None:
    reply = await merchant.pay(merchant_id=stranger.merchant_id, key="the-key")
    then_refused(reply, 403, "other_merchant", field="merchant_id")
    await then_nothing_was_created(merchant, under="the-key")


async def test_a_body_that_says_it_is_no_json_is_refused(merchant: Merchant) -> None:
    for content_type in ("text/plain", "application/xml", "multipart/form-data; boundary=x", "nonsense"):
        reply = await merchant.send(
            "POST", "/v1/payment_intents", raw=intent(), key="the-key", headers={"Content-Type": content_type}
        )
        then_refused(reply, 415, "media_type_refused", field="Content-Type")
    await then_nothing_was_created(merchant, under="the-key")


@pytest.mark.parametrize("verb", ["capture", "refunds"])
async def test_null_is_not_all_of_the_money(merchant: Merchant, verb: str) -> None:
    payment_id = await payment_that_is(merchant, {"refunds": "captured"}.get(verb, "authorized"))
    async with unchanged(merchant, payment_id):
        reply = await asked(merchant, payment_id, verb, key="the-key", amount=None)
        then_refused(reply, 400, "body_invalid", field="amount")


@pytest.mark.parametrize("depth", [1_000, 60_000])
@pytest.mark.parametrize("opening", ["[", '{"a":'], ids=["arrays", "objects"])
async def test_endless_nesting_does_no_harm(merchant: Merchant, opening: str, depth: int) -> None:
    body = (opening * depth).encode()[:BODY_BYTES_MAX]
    reply = await merchant.send("POST", "/v1/payment_intents", raw=body, key="the-key")
    then_refused(reply, 400, "body_invalid", field="$" if opening == "[" else "a")


@pytest.mark.parametrize("over_bytes", [1, 36_000, 5_000_000], ids=lambda over: f"{over} over")
async def test_a_body_over_the_limit_is_refused(merchant: Merchant, over_bytes: int) -> None:
    reply = await merchant.send("POST", "/v1/payment_intents", raw=b"[" * (BODY_BYTES_MAX + over_bytes), key="the-key")
    then_refused(reply, 413, "body_too_large")
    await then_nothing_was_created(merchant, under="the-key")


async def test_a_body_of_just_the_limit_is_read(merchant: Merchant) -> None:
    body = intent() + b" " * (BODY_BYTES_MAX - len(intent()))
    assert (await merchant.send("POST", "/v1/payment_intents", raw=body, key="the-key")).status == 201


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("capture", {"amount": "400"}, "amount"),
        ("capture", {"amount": 0}, "amount"),
        ("capture", {"amount": -1}, "amount"),
        ("capture", {"amount": 1.5}, "amount"),
        ("capture", {"amount": 2**53 + 1}, "amount"),
        ("capture", {"final": "no"}, "final"),
        ("capture", {"currency": "EUR"}, "currency"),
        ("void", {"amount": 400}, "amount"),
        ("refunds", {"amount": True}, "amount"),
        ("refunds", {"amount": 0}, "amount"),
        ("refunds", {"amount": 2**53 + 1}, "amount"),
        ("refunds", {"reason": 7}, "reason"),
        ("refunds", {"reason": "r" * 256}, "reason"),
        ("refunds", {"reason": "a\x00b"}, "reason"),
        ("refunds", {"reason": "a\n"}, "reason"),
        ("refunds", {"final": True}, "final"),
        ("confirm", {"amount": 400}, "amount"),
    ],
)
async def test_a_command_that_does_not_fit_leaves_the_payment_alone(
    merchant: Merchant, verb: str, body: dict[str, Any], field: str
) -> None:
    payment_id = await payment_that_is(merchant, {"refunds": "captured"}.get(verb, "authorized"))
    async with unchanged(merchant, payment_id):
        reply = await asked(merchant, payment_id, verb, key="the-key", **body)
        then_refused(reply, 400, "body_invalid", field=field)


@pytest.mark.parametrize("amount", [1001, 2**53])
async def test_a_capture_over_the_authorised_amount_is_refused(merchant: Merchant, amount: int) -> None:
    payment_id = await authorized(merchant)
    async with unchanged(merchant, payment_id):
        reply = await merchant.act(payment_id, "capture", amount=amount)
        then_refused(reply, 422, "capture_exceeds_authorized", field="amount")


@pytest.mark.parametrize("amount", [701, 2**53])
async def test_a_refund_over_what_is_left_of_the_captured_amount_is_refused(merchant: Merchant, amount: int) -> None:
    payment_id = await captured(merchant)
    await merchant.act(payment_id, "refunds", amount=300)
    async with unchanged(merchant, payment_id):
        reply = await merchant.act(payment_id, "refunds", amount=amount)
        then_refused(reply, 422, "refund_exceeds_captured", field="amount")
