"""What an operator sees of what was given up, and does about it; and who may not."""

from typing import Any
from uuid import UUID, uuid4

import aiohttp

from interfaces import ids
from tests.interfaces.http.expect import then_refused
from tests.interfaces.http.test_openapi import check_reply
from tests.interfaces.webhooks.conftest import Notary, Operator
from tests.interfaces.webhooks.test_semantics import attempt_of, becomes, in_the_dark, names_of
from tests.support.metrics import scrape
from tests.support.openapi import document
from tests.support.running import Merchant, eventually

LETTERS = "/v1/operator/dead_letters"
DELIVERIES = "/v1/operator/webhook_deliveries"


async def letter_about(operator: Operator, delivery: UUID, state: str = "open") -> dict[str, Any]:
    """The dead letter about a delivery, once the view has it in that state."""
    subject = ids.text_of(ids.DELIVERY, delivery)
    found: list[dict[str, Any]] = []

    async def is_there() -> bool:
        reply = await operator.get(f"{LETTERS}?state={state}&kind=webhook&limit=100")
        assert reply.status == 200, reply
        found[:] = [letter for letter in reply.json["dead_letters"] if letter["subject"] == subject]
        return bool(found)

    await eventually(is_there, f"the letter about {subject} is {state}")
    return found[0]


async def given_up(notary: Notary, **said: Any) -> UUID:
    """A delivery that was tried as often as it is."""
    delivery = await notary.tell("capture", **said)
    await notary.comes_to_its_last_try(delivery)
    await notary.comes_to(delivery, "dead")
    return delivery


async def test_an_operator_sees_what_was_given_up_with_the_delivery_as_it_came(
    notary: Notary, operator: Operator
) -> None:
    delivery = await notary.deliver(b"\xff not text")
    await notary.comes_to(delivery, "dead")
    letter = await letter_about(operator, delivery)
    assert letter["reason"].startswith("it cannot be read")
    assert (letter["provider"], letter["merchant_id"], letter["payment_id"]) == ("simulator", "platform", None)
    shown = await operator.get(f"{LETTERS}/{letter['dead_letter_id']}")
    check_reply("get_dead_letter", shown, 200)
    assert shown.json["dead_letter"] == letter
    assert (shown.json["delivery"]["body"], shown.json["delivery"]["body_encoding"]) == ("/yBub3QgdGV4dA==", "base64")
    assert shown.json["delivery"]["state"] == "dead"


async def test_a_delivery_that_is_retried_once_its_payment_is_known_resolves_its_letter(
    merchant: Merchant, notary: Notary, operator: Operator
) -> None:
    with notary.silent():
        payment_id = await in_the_dark(merchant)
        attempt_id = await attempt_of(merchant, payment_id)
        # As if the view had not heard of it all the while.
        taken = "DELETE FROM views.provider_operations WHERE operation_id = %s RETURNING payment_id"

        async def is_taken() -> bool:
            return bool(notary.execute(taken, attempt_id))

        await eventually(is_taken, "the view had the attempt")
        delivery = await given_up(notary, operation_id=attempt_id, reference="ch_retried")
        letter = await letter_about(operator, delivery)
        back = "INSERT INTO views.provider_operations VALUES (%s, %s, 'authorize', 'simulator', NULL)"
        notary.execute(back, attempt_id, ids.parse(payment_id, ids.PAYMENT))
        retried = await operator.send("POST", f"{LETTERS}/{letter['dead_letter_id']}/retry")
        check_reply("retry_dead_letter", retried, 200)
        await becomes(merchant, payment_id, "captured")
        resolved = await letter_about(operator, delivery, "resolved")
    assert resolved["note"].startswith("settled ")
    assert (resolved["retries"], resolved["last_actor"]) == (1, "psp:simulator")
    assert (await names_of(merchant, payment_id)).count("payment.captured.v2") == 1
    then_refused(
        await operator.send("POST", f"{LETTERS}/{letter['dead_letter_id']}/retry"),
        409,
        "dead_letter_ended",
        current_status="resolved",
    )


async def test_a_retry_that_brings_nothing_opens_the_letter_again(notary: Notary, operator: Operator) -> None:
    delivery = await notary.deliver(b"still nothing")
    letter = await letter_about(operator, delivery)
    await operator.send("POST", f"{LETTERS}/{letter['dead_letter_id']}/retry")

    async def is_open_again() -> bool:
        return bool((await letter_about(operator, delivery))["retries"] == 1)

    await eventually(is_open_again, "the letter is open again")


async def test_a_letter_is_closed_for_a_reason_that_is_kept_with_who_gave_it(
    notary: Notary, operator: Operator
) -> None:
    delivery = await notary.deliver(b"a test of theirs")
    close = f"{LETTERS}/{(await letter_about(operator, delivery))['dead_letter_id']}/close"
    then_refused(await operator.send("POST", close, {"reason": " "}), 422, "close_reason_missing", field="reason")
    then_refused(await operator.send("POST", close, {}), 400, "body_invalid", field="reason")
    then_refused(
        await operator.send("POST", close, {"reason": "4242424242424242"}), 400, "card_data_refused", field="reason"
    )
    check_reply("close_dead_letter", await operator.send("POST", close, {"reason": "a test of theirs"}), 200)
    closed = await letter_about(operator, delivery, "closed")
    assert (closed["note"], closed["last_actor"]) == ("a test of theirs", f"operator:{operator.key_id}")
    again = await operator.send("POST", close, {"reason": "again"})
    then_refused(again, 409, "dead_letter_ended", current_status="closed")


async def test_a_letter_of_a_payment_names_it_and_is_nothing_that_its_merchant_hears_of(
    merchant: Merchant, notary: Notary, operator: Operator
) -> None:
    payment_id = (await merchant.pay()).json["payment_id"]
    attempt_id = await attempt_of(merchant, payment_id)
    delivery = await notary.tell("authorize", approved=False, operation_id=attempt_id)
    await notary.comes_to(delivery, "dead")
    letter = await letter_about(operator, delivery)
    assert (letter["payment_id"], letter["merchant_id"]) == (payment_id, merchant.merchant_id)

    async def is_told() -> bool:
        feed = (await merchant.get("/v1/events?limit=500")).json["events"]
        names = [event["event"] for event in feed]
        assert not any(name.startswith("dead_letter.") for name in names)
        return "payment.contradiction_reported.v1" in names

    await eventually(is_told, "the merchant's feed has the contradiction")


async def test_pages_follow_each_other_without_a_gap(notary: Notary, operator: Operator) -> None:
    deliveries = [await notary.deliver(b"page %d" % number) for number in range(3)]
    for delivery in deliveries:
        await letter_about(operator, delivery)
    paged: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        reply = await operator.get(f"{LETTERS}?state=open&limit=2" + (f"&cursor={cursor}" if cursor else ""))
        check_reply("list_dead_letters", reply, 200)
        paged += [letter["subject"] for letter in reply.json["dead_letters"]]
        cursor = reply.json["next_cursor"]
    assert len(paged) == len(set(paged))
    assert {ids.text_of(ids.DELIVERY, delivery) for delivery in deliveries} <= set(paged)


async def test_deliveries_are_listed_newest_first_by_provider_and_state(notary: Notary, operator: Operator) -> None:
    first, second = await notary.tell("customer.created"), await notary.tell("customer.deleted")
    await notary.comes_to(second, "done")
    await notary.comes_to(first, "done")
    told = [ids.text_of(ids.DELIVERY, second), ids.text_of(ids.DELIVERY, first)]
    listed: list[str] = []
    query = "provider=simulator&state=done&limit=2"
    # The provider has its own news of earlier payments, which may come between.
    while not {*told} <= {*listed}:
        reply = await operator.get(f"{DELIVERIES}?{query}")
        check_reply("list_webhook_deliveries", reply, 200)
        listed += [delivery["delivery_id"] for delivery in reply.json["webhook_deliveries"]]
        query = f"provider=simulator&state=done&limit=2&cursor={reply.json['next_cursor']}"
    assert [delivery for delivery in listed if delivery in told] == told
    assert len({*listed}) == len(listed)
    assert (await operator.get(f"{DELIVERIES}?provider=nobody")).json["webhook_deliveries"] == []
    then_refused(await operator.get(f"{DELIVERIES}?state=lost"), 400, "parameter_invalid", field="state")
    then_refused(await operator.get(f"{LETTERS}?cursor=17"), 400, "parameter_invalid", field="cursor")


async def test_an_auditor_looks_and_does_not_act(notary: Notary, auditor: Operator) -> None:
    delivery = await notary.deliver(b"for the auditor")
    letter = await letter_about(auditor, delivery)
    for verb, body in (("retry", None), ("close", {"reason": "seen"})):
        reply = await auditor.send("POST", f"{LETTERS}/{letter['dead_letter_id']}/{verb}", body)
        then_refused(reply, 403, "operator_role_needed")
    assert (await letter_about(auditor, delivery))["retries"] == 0


async def test_for_a_merchant_the_operators_routes_do_not_exist(merchant: Merchant) -> None:
    for method, path in operator_routes():
        then_refused(await merchant.send(method, path), 404, "not_found")


async def test_without_an_operators_key_in_force_nothing_is_shown(merchant: Merchant, operator: Operator) -> None:
    for method, path in operator_routes():
        then_refused(await merchant.send(method, path, headers={"Authorization": ""}), 401, "api_key_missing")
        unknown = {"Authorization": "Bearer tso_nobody"}
        then_refused(await merchant.send(method, path, headers=unknown), 401, "api_key_unknown")


async def test_an_operators_key_opens_no_merchants_route(operator: Operator) -> None:
    then_refused(await operator.get("/v1/payments"), 401, "api_key_unknown")


async def test_a_letter_that_nobody_wrote_is_not_found(operator: Operator) -> None:
    for nobody in (ids.text_of(ids.DEAD_LETTER, uuid4()), "dl_1", ids.new_id(ids.PAYMENT)):
        then_refused(await operator.get(f"{LETTERS}/{nobody}"), 404, "dead_letter_not_found")
        then_refused(await operator.send("POST", f"{LETTERS}/{nobody}/retry"), 404, "dead_letter_not_found")


def operator_routes() -> list[tuple[str, str]]:
    return [
        (method.upper(), path.replace("{letter_id}", ids.new_id(ids.DEAD_LETTER)))
        for path, item in document()["paths"].items()
        if path.startswith("/v1/operator/")
        for method in item
    ]


async def test_metrics_count_what_waits(notary: Notary, operator: Operator) -> None:
    unknown = await notary.tell("capture", reference="ch_of_nobody")
    await letter_about(operator, await notary.deliver(b"for the metrics"))
    async with aiohttp.ClientSession() as http:
        told = await scrape(http, notary.stack.url)
    assert told.value("tallystick_dead_letters_open") >= 1
    assert told.value("tallystick_webhook_deliveries_waiting") >= 1
    assert told.value("tallystick_webhook_deliveries_waiting_oldest_seconds") > 0
    assert told.value("tallystick_webhook_deliveries_total", provider="simulator", result="accepted", kept="yes") >= 2
    assert notary.row(unknown)["state"] == "waiting"
