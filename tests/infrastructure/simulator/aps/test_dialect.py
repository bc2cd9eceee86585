"""The simulator in APS's dialect: signed both ways, one order to a reference, and the same books behind it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.infrastructure.simulator.api import Api
from tests.infrastructure.simulator.aps.api import Aps, new_reference


@pytest.fixture
async def aps(base_url: str) -> AsyncIterator[Aps]:
    async with aiohttp.ClientSession(base_url) as http:
        yield Aps(http)


async def test_an_answer_has_what_was_asked_and_a_number_of_the_order(aps: Aps) -> None:
    said = await aps.pay(merchant_extra="pay_1", order_description="two shirts")
    assert said["response_code"] == said["status"] + "000" == "02000"
    assert said["response_message"] == "Success"
    assert said["fort_id"].isdigit()
    assert len(said["fort_id"]) == 18
    assert (said["merchant_extra"], said["order_description"]) == ("pay_1", "two shirts")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"signature": "0" * 64}, "00008"),
        ({"merchant_identifier": "another"}, "00009"),
        ({"access_code": "another"}, "00010"),
        ({"command": "CHARGE"}, "00004"),
        ({"token_name": ""}, "00001"),
        ({"merchant_reference": "an/order"}, "00002"),
        ({"merchant_reference": "x" * 41}, "00002"),
        ({"return_url": "javascript:alert(1)"}, "00002"),
        ({"amount": "0"}, "00005"),
        ({"amount": "10.00"}, "00005"),
        ({"currency": "dirham"}, "00013"),
        ({"token_name": "tok_insufficient_funds"}, "03029"),
        ({"token_name": "tok_declined"}, "03666"),
        ({"token_name": "tok_of_nobody"}, "03044"),
    ],
)
async def test_a_request_that_is_refused_says_why(aps: Aps, changed: dict[str, str], code: str) -> None:
    assert (await aps.pay(**{"command": "AUTHORIZATION"} | changed))["response_code"] == code


@pytest.mark.parametrize("body", [[], {"nested": {"a": "b"}}, {"amount": None}])
async def test_what_is_no_list_of_parameters_is_an_invalid_request(aps: Aps, body: object) -> None:
    assert (await aps.send_json(body))["response_code"] == "00073"


async def test_a_reference_takes_one_order_even_if_it_was_declined(aps: Aps) -> None:
    order = await aps.order()
    assert (await aps.pay(merchant_reference=order))["response_code"] == "00066"
    declined = await aps.pay(token_name="tok_declined")
    again = await aps.pay(merchant_reference=declined["merchant_reference"])
    assert again["response_code"] == "00066"


async def test_captures_take_what_is_authorised_and_one_that_is_repeated_takes_it_twice(aps: Aps) -> None:
    order = await aps.order()
    for _ in range(2):
        taken = await aps.maintain("CAPTURE", order, "4000", order_description="the same")
        assert taken["response_code"] == "04000"
    assert (await aps.maintain("CAPTURE", order, "4000"))["response_code"] == "05042"
    assert (await aps.status(order))["captured_amount"] == "8000"


async def test_a_refunds_name_takes_one_refund_and_another_try_after_a_decline(aps: Aps) -> None:
    order = await aps.order("PURCHASE")
    assert (await aps.maintain("REFUND", order, "10001", maintenance_reference="r-1"))["response_code"] == "07048"
    assert (await aps.maintain("REFUND", order, "4000", maintenance_reference="r-1"))["response_code"] == "06000"
    assert (await aps.maintain("REFUND", order, "4000", maintenance_reference="r-1"))["response_code"] == "00066"
    assert (await aps.maintain("REFUND", order, "4000"))["response_code"] == "06000"
    assert (await aps.status(order))["refunded_amount"] == "8000"


async def test_only_what_was_not_captured_is_voided(aps: Aps) -> None:
    order = await aps.order()
    assert (await aps.maintain("VOID_AUTHORIZATION", order))["response_code"] == "08000"
    assert (await aps.maintain("VOID_AUTHORIZATION", order))["response_code"] == "09034"
    assert (await aps.maintain("CAPTURE", order, "1"))["response_code"] == "05042"
    captured = await aps.order()
    await aps.maintain("CAPTURE", captured, "1")
    assert (await aps.maintain("VOID_AUTHORIZATION", captured))["response_code"] == "09034"


async def test_a_status_tells_the_last_operation_and_the_totals(aps: Aps) -> None:
    async def status() -> tuple[str, ...]:
        said = await aps.status(order)
        assert said["response_code"] == "12000"
        named = ("transaction_code", "authorized_amount", "captured_amount", "refunded_amount")
        return tuple(said[name] for name in named)

    order = await aps.order()
    assert await status() == ("02000", "10000", "0", "0")
    await aps.maintain("CAPTURE", order, "4000")
    assert await status() == ("04000", "10000", "4000", "0")
    await aps.maintain("REFUND", order, "1000")
    assert await status() == ("06000", "10000", "4000", "1000")
    order = await aps.order("PURCHASE")
    assert await status() == ("14000", "10000", "10000", "0")
    order = await aps.order()
    await aps.maintain("VOID_AUTHORIZATION", order)
    assert await status() == ("08000", "10000", "0", "0")


async def test_a_status_tells_why_a_payment_failed(aps: Aps) -> None:
    declined = await aps.pay("PURCHASE", token_name="tok_insufficient_funds")
    said = await aps.status(declined["merchant_reference"])
    assert (said["transaction_status"], said["transaction_code"]) == ("13", "13029")


async def test_nothing_follows_a_payment_that_failed(aps: Aps) -> None:
    declined = await aps.pay(token_name="tok_declined")
    assert (await aps.maintain("CAPTURE", declined["merchant_reference"]))["response_code"] == "05662"


async def test_an_order_is_found_by_its_reference_and_by_no_other_number(aps: Aps) -> None:
    assert (await aps.status(new_reference()))["response_code"] == "11036"
    assert (await aps.maintain("CAPTURE", new_reference()))["response_code"] == "05036"
    order = await aps.order()
    assert (await aps.maintain("CAPTURE", order, fort_id="149295435400084008"))["response_code"] == "05036"


async def test_the_books_know_a_charge_by_the_merchants_extra(aps: Aps, api: Api) -> None:
    reference = new_reference()
    await aps.pay("PURCHASE", merchant_extra=reference)
    (line,) = [line for line in await api.books() if line["reference"] == reference]
    assert (line["authorized"], line["captured"], line["currency"]) == (10_000, 10_000, "AED")


async def test_an_effect_is_there_before_its_answer_is_lost(aps: Aps) -> None:
    order = new_reference()
    with pytest.raises(AssertionError):
        await aps.pay(merchant_reference=order, token_name="tok_error_5xx")
    assert (await aps.status(order))["transaction_code"] == "03006"
